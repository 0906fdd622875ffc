"""Small CSV files, made when a test needs them."""

import csv

import numpy as np

CITIES = ("Rome", "Ulm", "Oslo")


def write(path, text):
    """A file of this text, or of these bytes; returns its path."""
    if isinstance(text, bytes):
        path.write_bytes(text)
    else:
        path.write_text(text, encoding="utf-8")
    return path


def flats(path, rows=300, seed=0, delimiter=","):
    """Flats with an area, a city, a lift, a name each and a rent; some values are missing.

    rent = 10 area + 300 [city is Rome] - 200 [city is Oslo] + 100 [lift] + noise of 20; cheap where it is
    below 1,000.
    """
    random = np.random.default_rng(seed)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(["name", "area", "city", "lift", "rent", "class"])
        for row in range(rows):
            area, city, lift = random.uniform(20, 120), CITIES[random.integers(3)], random.random() < 0.5
            rent = 10 * area + 300 * (city == "Rome") - 200 * (city == "Oslo") + 100 * lift
            rent += 20 * random.normal()
            shown = [
                f"{area:.2f}" if random.random() > 0.03 else "",
                city if random.random() > 0.03 else "NA",
            ]
            kind = "cheap, really" if rent < 800 else "fair" if rent < 1200 else "dear"
            writer.writerow([f"flat {row}", *shown, "yes" if lift else "no", f"{rent:.1f}", kind])
    return path
