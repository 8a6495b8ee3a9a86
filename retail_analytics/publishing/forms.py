"""The forms that a page is made in."""

from dataclasses import dataclass

from retail_analytics.errors import ParameterError


@dataclass(frozen=True)
class Form:
    """How a page is made: in one complete file, unless it is `static` (its charts drawn beforehand, without scripts)
    or `shared` (it uses the plotly.js and the fonts that lie on the shelf); with a `pdf` beside it.
    """

    static: bool = False
    shared: bool = False
    pdf: bool = False

    def __post_init__(self):
        if self.static and self.shared:
            raise ParameterError("A page is static, to be sent, or shared, to stay on its shelf: ask for one of them.")


COMPLETE = Form()
