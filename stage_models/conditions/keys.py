"""The keys that several rule types have, with the meaning that the JSON Schema and the rule reference tell.

A key of one rule type only is described where it stands.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, PositiveInt, StrictInt, StrictStr

from stage_models.terms import DateRange, Duration, Events, Number, Where

AtLeast = Annotated[PositiveInt | None, Field(description="the least number that holds")]
AtMost = Annotated[StrictInt | None, Field(ge=0, description="the greatest number that holds")]
FigureAtLeast = Annotated[Number | None, Field(description="the least figure that holds")]
FigureAtMost = Annotated[Number | None, Field(description="the greatest figure that holds")]
Within = Annotated[
    Duration | None,
    Field(description="how far back the window reaches, or from `since` on; left out: all time"),
]
Since = Annotated[
    Events | None,
    Field(description="the window begins at the first of these events, or at `first_seen`"),
]
Property = Annotated[
    StrictStr,
    Field(min_length=1, description="the property that is looked at, also a nested one (`cart.value`)"),
]
OnlyWhere = Annotated[Where | None, Field(description="only events with these properties count")]
OnlyDuring = Annotated[DateRange | None, Field(description="only events of these local dates count")]
