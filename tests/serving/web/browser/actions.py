"""What people do on the page."""

FEATURES = ["Sepal length", "Sepal width", "Petal length", "Petal width"]
SETOSA, VIRGINICA = (5.1, 3.5, 1.4, 0.2), (6.7, 3.0, 5.7, 2.4)
HEADER = "sepal_length,sepal_width,petal_length,petal_width"


def table(rows):
    """Return a CSV file of flowers."""
    return f"{HEADER}\n".encode() + b"5.1,3.5,1.4,0.2\n" * rows


def fill(page, row):
    for name, value in zip(FEATURES, row, strict=True):
        page.get_by_label(name, exact=False).first.fill(str(value))


def field(page, name):
    return page.locator(".field", has_text=name)


def drop(page, content, name="flowers.csv"):
    """Drop a file on the page, as a mouse would."""
    data = page.evaluate_handle(
        """([content, name]) => {
            const data = new DataTransfer();
            data.items.add(new File([content], name, { type: "text/csv" }));
            return data;
        }""",
        [content, name],
    )
    page.dispatch_event("#drop", "dragover", {"dataTransfer": data})
    page.dispatch_event("#drop", "drop", {"dataTransfer": data})


def upload(page, content, name="flowers.csv"):
    """Choose a file of text or bytes."""
    buffer = content.encode() if isinstance(content, str) else content
    page.set_input_files(
        "#file", {"name": name, "mimeType": "text/csv", "buffer": buffer}
    )
