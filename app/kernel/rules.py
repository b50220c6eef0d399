"""Routes that learn to write their address when one is first wanted: most processes write those of a few of two thousand routes."""

from __future__ import annotations

from collections.abc import Callable

from werkzeug.routing import Rule


class LateRule(Rule):
    """A route whose writer of addresses is compiled at its first use; compiling all at the start takes longer than everything else."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compiled: list[Callable[..., tuple[str, str]]] = []

        def build(rule: Rule, /, **values: object) -> tuple[str, str]:
            if not compiled:
                compiled.append(Rule._compile_builder(self, append_unknown))
            return compiled[0](rule, **values)

        return build
