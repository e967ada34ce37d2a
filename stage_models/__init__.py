"""Stagestream's core: it decides. A pure function of state and input, without clock, random numbers, logging or network.

    policy = load(text, "saas.yaml")
    step = advance(policy, user, event)         # the only way to change a user
    step.user, step.transitions

Read in this order:

- `events`, `transitions`: what can come in, what can go out; `contract`: the same as readers of the topics see it
- `advance`: the step; `ladder`: how a user is judged; `telling`: what is told of it
- `conditions`: one file per rule type; `facts`: what is remembered for them
- `policy`: the language people write, and what it is compiled to
- `user`: one person's state and its stored form; `merge`: two of them become one
- `replay`, `explain`: the same step over a history, the same questions asked aloud
- `testing`: scenario tables and laws for your own policies; `histories`, `laws`: what they are made of
"""

from stage_models.advance import Step, advance
from stage_models.events import Event, Tick
from stage_models.explain import Explanation, explain
from stage_models.policy import PolicyError, load
from stage_models.policy.compile import Policy
from stage_models.replay import Replay
from stage_models.transitions import Evidence, Transition
from stage_models.user import User, decode, encode

__all__ = [
    "Event",
    "Evidence",
    "Explanation",
    "Policy",
    "PolicyError",
    "Replay",
    "Step",
    "Tick",
    "Transition",
    "User",
    "advance",
    "decode",
    "encode",
    "explain",
    "load",
]
