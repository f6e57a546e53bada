from edge.publish.messages import SCHEMAS, schemas


def test_the_schema_files_say_what_is_sent() -> None:
    files = {path.name: path.read_text() for path in SCHEMAS.glob("*.json")}
    assert files == schemas(), "run make schemas"
