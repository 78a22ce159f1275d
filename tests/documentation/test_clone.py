from tests.documentation.clone import read_commands


def test_commands_are_read_from_blocks():
    text = """
```sh
# first this
source activate

make serve &    # starts it
curl -s http://host \\
  -d '{}'
```

```text
make nothing
```

`make check` does it, and so does `kedro run`.
"""

    assert read_commands(text) == [
        "source activate",
        "make serve &",
        "curl -s http://host -d '{}'",
    ]
