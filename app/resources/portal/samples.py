"""Samples of a call in cURL, Python and JavaScript; each prints the answer as JSON. The token stands in the variable OPSFLUX_TOKEN."""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import urlencode

from app.resources.portal.calls import Call

TOKEN = "OPSFLUX_TOKEN"  # noqa: S105 -- the name of the variable
LIST = {"per_page": "5"}


def samples_of(call: Call, base: str, values: Mapping[str, str]) -> list[tuple[str, str]]:
    """The name of each language with its sample; `values` are put into the address."""
    address = base + address_of(call, values)
    return [("cURL", _curl(call, address)), ("Python", _python(call, address)), ("JavaScript", _javascript(call, address))]


def address_of(call: Call, values: Mapping[str, str]) -> str:
    """The address of a call, with these values for the words in braces."""
    path = call.path
    for name, value in values.items():
        path = path.replace("{" + name + "}", value)
    asked = any(each["name"] == "per_page" for each in call.parameters)
    return f"/api/v1{path}?{urlencode(LIST)}" if asked else f"/api/v1{path}"


def _curl(call: Call, address: str) -> str:
    lines = [f'curl --silent --request {call.method} "{address}"']
    lines += [f'  --header "{name}: {value.replace("{token}", "$" + TOKEN)}"' for name, value in call.headers.items()]
    if call.body is not None:
        sent = json.dumps(call.body, ensure_ascii=False).replace("'", "'\\''")
        lines.append(f"  --data '{sent}'")
    return " \\\n".join(lines)


def _python(call: Call, address: str) -> str:
    headers = "".join(f'        "{name}": {_python_value(value)},\n' for name, value in call.headers.items())
    sent = f"    json={call.body!r},\n" if call.body is not None else ""
    return (f'import json\nimport os\n\nimport requests\n\nanswer = requests.request(\n    "{call.method}",\n    "{address}",\n'
            f"    headers={{\n{headers}    }},\n{sent}    timeout=30,\n)\nprint(json.dumps(answer.json()))")


def _python_value(value: str) -> str:
    return f"f\"Bearer {{os.environ['{TOKEN}']}}\"" if "{token}" in value else f'"{value}"'


def _javascript(call: Call, address: str) -> str:
    headers = "".join(f'    "{name}": {_javascript_value(value)},\n' for name, value in call.headers.items())
    sent = f"  body: JSON.stringify({json.dumps(call.body, ensure_ascii=False)}),\n" if call.body is not None else ""
    return (f'const answer = await fetch("{address}", {{\n  method: "{call.method}",\n  headers: {{\n{headers}  }},\n{sent}}});\n'
            "console.log(JSON.stringify(await answer.json()));")


def _javascript_value(value: str) -> str:
    return f"`Bearer ${{process.env.{TOKEN}}}`" if "{token}" in value else f'"{value}"'
