from tests.documentation.clone import read_commands


def test_commands_are_read_from_blocks_and_prose():
    text = """
    make serve &  # starts it
    curl -s http://host \\
      -d '{}'

```sh
# first this
source activate

kedro run    # everything
```

```text
make nothing
```

`make check` does it, and `kedro
run` again; `conf/base` is no command.
"""

    assert read_commands(text) == [
        "make serve &",
        "curl -s http://host -d '{}'",
        "source activate",
        "kedro run",
        "make check",
    ]
