"""Where templates are read from: a folder, and nothing that a link in it leads out to."""

from collections.abc import Callable, Sequence
from pathlib import Path

import jinja2

from sparkpub.bounds import lies_within_one


class LeadsOutError(jinja2.TemplateError):
    """A template is a link out of its folder."""

    def __init__(self, name: str) -> None:
        """Say which."""
        super().__init__(f"the template {name!r} is a link that leads out of templates/")


class TemplateFiles(jinja2.FileSystemLoader):
    """Templates of a publication, whose links may lead to other templates alone."""

    def __init__(self, roots: Sequence[Path], folder: Path) -> None:
        """Look in these folders, in this order."""
        super().__init__(roots)
        self._roots, self._folder = roots, folder

    def get_source(self, environment: jinja2.Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        """The text of a template.

        Raises:
            LeadsOutError: it is a link to something else, or in a folder that is.
        """
        source, filename, is_current = super().get_source(environment, template)
        if not lies_within_one(Path(filename), self._roots, self._folder):
            raise LeadsOutError(template)
        return source, filename, is_current
