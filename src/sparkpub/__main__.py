"""`python -m sparkpub` is `sparkpub`."""

from sparkpub.cli import main

if __name__ == "__main__":
    main()
