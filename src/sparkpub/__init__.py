"""sparkpub: a newsletter press in a folder."""

__version__ = "0.1.0"
