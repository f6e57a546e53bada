import re

from edge.publish.messages import SCHEMAS, schemas
from tests.support.messages import checked
from tests.support.system import REPOSITORY


def test_the_schema_files_say_what_is_sent() -> None:
    files = {path.name: path.read_text() for path in SCHEMAS.glob("*.json")}
    assert files == schemas(), "run make schemas"


def test_the_example_in_the_readme_keeps_the_schema() -> None:
    readme = (REPOSITORY / "README.md").read_text()
    (example,) = re.findall(r"```json\n(.*?)```", readme, re.DOTALL)
    assert checked("event", example.encode())["event"] == "appeared"
