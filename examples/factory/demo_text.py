"""Plain text for the demo: lines, columns (a Chinese character is two wide), and what is claimed."""
import unicodedata

WIDTH = 100


def say(text=""):
    print(text, flush=True)


def width(text):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def pad(text, columns):
    text = str(text)
    return text + " " * (columns - width(text))


def line(label, text):
    """A label in the margin, and a text that goes on below itself (\\xa0: a blank that stays)."""
    rows, row = [], ""
    for word in text.split(" "):
        if row and width(row) + 1 + width(word) > WIDTH - 14:
            rows.append(row)
            row = word
        else:
            row = f"{row} {word}" if row else word
    for i, r in enumerate(rows + [row]):
        r = r.replace("\xa0", " ")
        say(f"  {pad(label if i == 0 else '', 11)} {r}")


def cut(text):
    """To one line."""
    while width(text) > WIDTH - 2:
        text = text[:-2] + "…"
    return text


def title(text):
    say(f"\n== {text} " + "=" * max(2, WIDTH - 4 - width(text)))


def table(head, rows):
    """Numbers to the right, texts to the left."""
    texts = [[str(c) for c in r] for r in [head, *rows]]
    wide = [max(width(r[i]) for r in texts) for i in range(len(head))]
    right = [bool(rows) and all(isinstance(r[i], int) for r in rows) for i in range(len(head))]
    for r in texts:
        cells = [" " * (w - width(c)) + c if to_right else pad(c, w)
                 for c, w, to_right in zip(r, wide, right)]
        say("  " + "  ".join(cells).rstrip())


def amount(number):
    """58.50 and 58.5 and 58.500 are one quantity."""
    return f"{number:f}".rstrip("0").rstrip(".") if "." in f"{number:f}" else f"{number:f}"


class Claims:
    """What the demo says is true, each asked of the databases. `wrong`: what was not."""

    def __init__(self):
        self.made, self.wrong = 0, []

    def __call__(self, text, holds):
        self.made += 1
        if not holds:
            self.wrong.append(text)
        line("proved" if holds else "NOT TRUE", text)
        return holds
