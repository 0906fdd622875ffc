"""Tables from CSV files: what is found out, and how what does not fit is refused."""

import csv
import gzip
import io
import random
import re
import time

import numpy as np
import pytest
from interpreters import output
from tables import flats, write

from fastdnn.data import TableEncoder, column_readers, csv_blocks, csv_lines, load_csv
from fastdnn.io import FormatError


@pytest.fixture
def read(tmp_path):
    """Reads a text, or bytes, as a file of a table."""

    def load(text, target=None, **arguments):
        return load_csv(write(tmp_path / "t.csv", text), target, **arguments)

    return load


def kinds(table):
    return {name: table.column(name).kind for name in table}


# ----------------------------------------------------------------------------------------- what is found out


def test_kinds_and_values(read):
    table = read(
        "whole,decimal,exponent,flag,word,code\n"
        "1,0.5,1e3,yes,red,007\n"
        "-2,.25,-2.5E-3,No, blue ,008\n"
        "3,1.,+4e0,YES,red,007\n",
        categories=["code"],
    )
    assert kinds(table) == {
        "whole": "number",
        "decimal": "number",
        "exponent": "number",
        "flag": "boolean",
        "word": "category",
        "code": "category",
    }
    assert table["whole"].tolist() == [1, -2, 3]
    assert table["decimal"].tolist() == [0.5, 0.25, 1]
    assert table["exponent"].tolist() == [1000, -0.0025, 4]
    assert table["flag"].tolist() == ["yes", "no", "yes"]
    assert table["word"].tolist() == ["red", "blue", "red"]
    assert table["code"].tolist() == ["007", "008", "007"]


def test_numbers_are_those_that_python_reads(read):
    draw = random.Random(5)
    texts = [repr(draw.uniform(-1, 1) * 10 ** draw.randint(-300, 300)) for _ in range(500)]
    texts += [str(draw.randint(-(10**k), 10**k)) for k in range(18) for _ in range(5)]
    table = read("x\n" + "\n".join(texts))
    assert table["x"].tolist() == [float(text) for text in texts]


@pytest.mark.parametrize("word", ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "?", "  ", " NA "])
def test_words_for_a_missing_value(read, word):
    table = read(f'x,c,b\n1,red,yes\n"{word}","{word}","{word}"\n2,red,no\n')
    assert np.array_equal(table["x"], [1, np.nan, 2], equal_nan=True)
    assert table["c"].tolist() == ["red", "", "red"]
    assert table["b"].tolist() == ["yes", "", "no"]
    for name in table:
        assert table.column(name).missing().tolist() == [False, True, False]
    assert re.search(r"^x +number +1 +1 to 2, median 1.5$", table.describe(), re.MULTILINE)


def test_more_words_for_a_missing_value(read):
    table = read("x,c\n1,NA\n-,b\nNA,NA\n-999,b\n", missing=["-", "-999"])
    assert np.isnan(table["x"]).tolist() == [False, True, True, True]
    assert table["c"].tolist() == ["", "b", "", "b"]


def test_other_words_for_a_missing_value(read):
    table = read("x,c\n1,NA\n-,b\n3,NA\n,b\nnan,NA\n", missing="-", default_missing=False)
    assert np.isnan(table["x"]).tolist() == [False, True, False, True, True]
    assert table["c"].tolist() == ["NA", "b", "NA", "b", "NA"]


@pytest.mark.parametrize("first", ["-", "n/a", "12.5"])
def test_a_column_of_numbers_with_words_names_them_wherever_they_are(read, first):
    cells = [first if i == 0 else "-" if i % 50 == 0 else f"{i / 3:.3f}" for i in range(400)]
    text = "income,y\n" + "".join(f"{cell},{i % 2}\n" for i, cell in enumerate(cells))
    reason = read(text, "y").left_out["income"]
    word, line = (first, 2) if first != "12.5" else ("-", 52)
    assert f"texts among its numbers, the first {word!r} in line {line}; missing=[{word!r}" in reason
    assert "--missing=" in reason
    with pytest.raises(FormatError, match=f"column 'income': .*the first '{word}' in line {line}; missing="):
        read(text, "income")
    assert read(text, "y", missing=[first, "-"] if first != "12.5" else "-").column("income").kind == "number"


def test_words_with_a_number_or_two_are_a_category_without_a_note(read):
    table = read("size,y\n" + "".join(f"{('S', 'M', 'L', '48')[i % 4]},{i}\n" for i in range(40)))
    assert (table.column("size").kind, table.notes) == (
        "category",
        ("'y' counts the rows: exclude it (--exclude) if it is no feature",),
    )
    table = read("n,y\n" + "".join(f"{'-' if i % 9 == 0 else i % 2},{i * i}\n" for i in range(40)))
    assert (
        "'n' is a category: it has texts among its numbers, the first '-' in line 2; missing="
        in table.notes[0]
    )
    many = read("n\n" + "".join(f"{i if i % 2 else f'w{i}'}\n" for i in range(40))).left_out["n"]
    assert "they are 'w0', 'w2', 'w4' and 17 more; missing=[...]" in many


def test_one_word_of_a_boolean_is_a_category(read):
    table = read("a,b\n" + "no,no\n" * 3 + "no,YES\n")
    assert kinds(table) == {"a": "category", "b": "boolean"}


def test_a_long_cell_is_not_shown_whole(read):
    for text in ("1" * 20_000, "x" * 20_000):
        with pytest.raises(FormatError) as error:
            read(f"a,b\n1,yes\n{text},no\n", "a") if text[0] == "1" else read(f"a\n1\n2\n3\n{text}\n", "a")
        assert len(str(error.value)) < 600
        assert "(20,000 characters)" in str(error.value)


@pytest.mark.parametrize(
    ("delimiter", "name"), [(",", None), (";", "semicolon"), ("\t", "tab"), ("|", "bar")]
)
def test_delimiters_are_found_out_and_said(tmp_path, delimiter, name):
    table = load_csv(flats(tmp_path / "f.csv", 60, delimiter=delimiter))
    assert list(table) == ["area", "city", "lift", "rent", "class"]
    assert any(name in note for note in table.notes) if name else not table.notes
    assert set(table["class"]) == {"cheap, really", "fair", "dear"}


def test_a_delimiter_that_is_given(read):
    assert list(read("a:b\n1:2\n", delimiter=":")) == ["a", "b"]
    assert list(read("a,b;c\nx,y;3\nx,y;6\n", delimiter=";")) == ["a,b", "c"]


def test_decimal_commas(read):
    table = read("a;b\n1,5;2\n-0,25;3e1\n;4\n", decimal=",")
    assert np.array_equal(table["a"], [1.5, -0.25, np.nan], equal_nan=True)
    assert table["b"].tolist() == [2, 30, 4]


def test_quoted_fields_keep_delimiters_quotes_and_line_ends(read):
    table = read('a,b\r\n"x, y",1\r\n"say ""no""",2\r\n"two\nlines",3\r\n"x, y",4\r\n')
    assert table["a"].tolist() == ["x, y", 'say "no"', "two\nlines", "x, y"]
    assert table["b"].tolist() == [1, 2, 3, 4]
    assert "two lines" in table.describe()


def test_spaces_after_delimiters(read):
    rows = '39, State-gov, <=50K\n50, "Self, emp", >50K\n38, ?, <=50K\n'
    table = read('age, "work class", income\n' + 2 * rows)
    assert list(table) == ["age", "work class", "income"]
    assert table["age"].tolist() == 2 * [39, 50, 38]
    assert table["work class"].tolist() == 2 * ["State-gov", "Self, emp", ""]
    assert table["income"].tolist() == 2 * ["<=50K", ">50K", "<=50K"]
    assert read('a, b\n1, "x, y"\n2, "x, y"\n')["b"].tolist() == ["x, y", "x, y"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", ["", "END", "ENDEND"])
def test_line_ends_and_empty_lines(read, end, last):
    table = read(f"a,bEND1,2ENDEND3,4{last}".replace("END", end).encode())
    assert table["a"].tolist() == [1, 3]


def test_empty_lines_before_the_header(read):
    table = read("\n\n a, b\n1,2\n")
    assert list(table) == ["a", "b"]
    assert len(table) == 1


def test_one_column_alone(read):
    table = read("x\n1\n\n2\n")
    assert table["x"].tolist() == [1, 2]
    assert table.notes == ()


def test_a_record_that_goes_on_under_the_lines_that_are_looked_at(read):
    rows = "".join(f"b,;t;{i}\n" for i in range(48))
    table = read("y,;x;z\n" + rows + 'b,;"one\ntwo";48\nb,;t;49\n')
    assert list(table) == ["y,", "x", "z"]
    assert table["x"][48] == "one\ntwo"


@pytest.mark.parametrize("text", ["1_000", "0x10", "\u0661", "--1", "1e", "1.2.3", "True"])
def test_what_python_or_people_might_take_for_numbers(read, text):
    table = read(f"x,y\n{text},1\n{text},2\n{text},3\n")
    assert table.column("x").kind in ("category", "boolean")
    assert table["x"][0].lower() == text.lower()


def test_a_byte_order_mark_and_other_alphabets(read):
    table = read("имя,größe\nа,1\nб,2\nа,3\n".encode("utf-8-sig"))
    assert list(table) == ["имя", "größe"]
    assert table["имя"].tolist() == ["а", "б", "а"]


def test_gzip_is_known_by_its_content(read):
    assert read(gzip.compress(b"a,b\n1,2\n3,4\n"))["b"].tolist() == [2, 4]


def test_without_a_header(read):
    table = read("1,red\n2,blue\n3,red\n")
    assert list(table) == ["column_1", "column_2"]
    assert table["column_1"].tolist() == [1, 2, 3]
    assert table.notes == ("no header: columns are called column_1 to column_2",)
    assert list(read("2019,2020\n1,2\n", header=True)) == ["2019", "2020"]
    assert list(read("2019,2020\n1,2\n", "2020")) == ["2019", "2020"]
    assert read("a,b\na,c\na,b\n", header=False)["column_1"].tolist() == ["a", "a", "a"]


def test_a_column_without_a_name_is_called_by_its_place(read):
    assert list(read(",x\n0,5\n7,6\n")) == ["column_1", "x"]


def test_names_of_records_are_left_out_and_said(read):
    rows = "".join(f"p{i},{i % 3},,{'ab'[i % 2]}\n" for i in range(20))
    table = read("id,x,nothing,c\n" + rows)
    assert list(table) == ["x", "c"]
    assert table.left_out["id"].startswith("20 different texts in 20 rows: names")
    assert table.left_out["nothing"] == "no values"
    assert "left out: 'id': 20 different texts" in str(table)
    with pytest.raises(ValueError, match="'id'; 20 different texts in 20 rows: names"):
        table["id"]
    assert read("id,x\n" + "".join(f"p{i},{i}\n" for i in range(5)), categories="id")["id"][4] == "p4"


def test_many_texts_of_a_row_or_two_are_left_out(read):
    for different, kept in ((150, False), (101, False), (100, True), (3, True)):
        table = read("ticket,x\n" + "".join(f"t{i % different},{i}\n" for i in range(200)))
        assert ("ticket" in table) == kept
        assert kept or table.left_out["ticket"] == f"{different} different texts in 200 rows"


def test_columns_that_count_the_rows_are_told(read):
    table = read("id,x\n" + "".join(f"{i},{i * i}\n" for i in range(1, 30)))
    assert list(table) == ["id", "x"]
    assert "'id' counts the rows" in table.notes[0]


def test_a_text_among_numbers_is_told_with_its_line(read):
    table = read("x,y\n" + "".join(f"{i % 5},{i}\n" for i in range(40)) + "none,3\n")
    assert table.column("x").kind == "category"
    assert "it has texts among its numbers, the first 'none' in line 42" in table.notes[0]


def test_texts_that_begin_in_a_later_block(read, monkeypatch):
    monkeypatch.setattr(csv_blocks, "_BLOCK_CELLS", 8)
    monkeypatch.setattr(csv_blocks, "_LEAST_ROWS", 1)
    rows = [f"{i % 7},{i / 4},{i % 2}" for i in range(50)] + ["?,a,1", "8,b,yes", "9,a,no"]
    table = read("x,y,z\n" + "\n".join(rows))
    assert kinds(table)["x"] == "number"
    assert np.array_equal(table["x"][-4:], [49 % 7, np.nan, 8, 9], equal_nan=True)
    mixed = "it has texts among its numbers, the first 'a' in line 52"
    reason = f"52 different texts in 53 rows: names, or numbers of records; {mixed}"
    assert table.left_out["y"].startswith(reason)
    assert table["z"].tolist() == [str(i % 2) for i in range(50)] + ["1", "yes", "no"]


def test_the_size_of_a_block_changes_nothing(tmp_path, monkeypatch):
    path = flats(tmp_path / "f.csv", 97)
    whole = load_csv(path, "rent")
    monkeypatch.setattr(csv_blocks, "_LEAST_ROWS", 1)
    for cells in (1, 12, 60, 100_000):
        monkeypatch.setattr(csv_blocks, "_BLOCK_CELLS", cells)
        again = load_csv(path, "rent")
        assert str(again) == str(whole)
        for name in whole:
            assert np.array_equal(again.column(name).values, whole.column(name).values, equal_nan=True)


def test_rows_without_the_target_are_left_out_and_counted(read):
    table = read("x,y\n1,a\n2,\n3,b\n4,?\n5,a\n", "y")
    assert table["x"].tolist() == [1, 3, 5]
    assert table.records.tolist() == [0, 2, 4]
    assert table.notes == ("2 rows without 'y' left out",)


def test_tables_of_many_columns_are_described_by_the_first(read):
    names = [f"c{i}" for i in range(60)]
    lines = str(read("\n".join(",".join(cells) for cells in (names, ["1"] * 60, [""] * 60)))).splitlines()
    assert lines[0] == "t.csv: 2 rows, 60 columns"
    assert lines[-1] == "and 20 more columns"
    assert len(lines) == 44
    lines = str(read("\n".join(",".join(cells) for cells in ([*names, "x"], [*[""] * 60, "1"])))).splitlines()
    assert lines[-1] == "and 20 more columns left out"


def test_excluded_columns_are_not_read(read):
    table = read("when,x\n2024-01-31,1\n2024-02-01,2\n", exclude=["when"])
    assert list(table) == ["x"]
    assert table.left_out == {"when": "excluded"}


def test_what_the_csv_module_writes_comes_back(tmp_path):
    draw = random.Random(3)
    letters = 'ab,;"\n\r\té 1.'
    words = ["".join(draw.choices(letters, k=draw.randint(1, 9))) for _ in range(40)]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["w", "x"])
    rows = [(draw.choice(words), i) for i in range(200)]
    writer.writerows(rows)
    path = tmp_path / "t.csv"
    path.write_bytes(text.getvalue().encode())
    table = load_csv(path, categories=["w"])
    assert table["w"].tolist() == [w.strip() for w, _ in rows]
    assert table["x"].tolist() == list(range(200))


# ------------------------------------------------------------------------------------------- what is refused

REFUSED = {
    "nothing": (b"", "expected a line of names and rows under it, got an empty file"),
    "empty lines": (b"\n\r\n \n", "got an empty file"),
    "a header alone": (b"a,b\n", "expected rows under the header, got none"),
    "a header and empty lines": (b"a,b\n\n\n", "expected rows under the header, got none"),
    "a name twice": (b"a,b,a\n1,2,3\n", "got 'a' as columns 1 and 3 in line 1"),
    "a field too few": (b"a,b\n1,2\n3\n", "expected 2 fields as in the first line, got 1 in line 3"),
    "a field too many": (b"a,b\n1,2\n\n3,4,5\n", "expected 2 fields as in the first line, got 3 in line 4"),
    "after two lines in one": (b'a,b\n"1\n2",2\n3,4,5\n', "got 3 in line 4"),
    "an open quotation mark": (
        b'a,b\n1,2\n"3,4\n5,6\n',
        "in the record that begins in line 3; a quotation mark",
    ),
    "a quotation mark inside": (
        b'a,b\n1,2\n"3"x,4\n',
        "in the record that begins in line 3; a quotation mark",
    ),
    "a huge field": (
        b"a,b\n1," + b"x" * 200_000 + b"\n",
        r"field larger than field limit \(131072\) in the record that begins in line 2",
    ),
    "a NUL": (b"a,b\n1,2\n3,\0\n", "got a NUL byte in line 3, character 3; a binary file"),
    "Latin-1": ("a,b\n1,x\n2,é\n".encode("latin-1"), "got the byte 0xe9 in line 3, character 3; .* iconv"),
    "half a letter at the end": ("a,b\n1,é".encode()[:-1], "got the byte 0xc3 in line 2, character 3"),
    "UTF-16": ("a,b\n1,2\n".encode("utf-16"), "got text in UTF-16; iconv -f UTF-16"),
    "a workbook": (
        b"PK\x03\x04" + b"\0" * 40,
        "got a zip archive, such as an Excel workbook; save it as CSV",
    ),
    "Parquet": (b"PAR1" + bytes(40), "got a Parquet file"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "got the byte 0x89 in line 1, character 1"),
    "a gzip file cut short": (gzip.compress(b"a,b\n" + b"1,2\n" * 5000)[:-30], "expected a whole gzip file"),
    "a gzip file altered": (
        gzip.compress(b"a,b\n" + b"1,2\n" * 5000)[:-8] + b"\1" * 8,
        "expected a whole gzip file",
    ),
    "infinity": (b"a,b\n1,2\n3,inf\n", "column 'b': expected finite numbers, got 'inf' in line 3"),
    "a number too large": (b"a,b\n1,2\n3,1e999\n", "expected finite numbers, got '1e999' in line 3"),
    "dates": (
        b"d,x\n2024-01-31,1\n2024-02-01,2\n",
        "'d': .* got dates or times such as '2024-01-31' in line 2",
    ),
    "dates with times": (b"d,x\n2024-01-31T10:00:00Z,1\n,2\n", "got dates or times such as"),
    "German dates": (b"d,x\n31.1.2024,1\n1.2.2024,2\n", r"exclude=\['d'\] \(--exclude\) leaves the"),
    "times": (b"d,x\n10:30,1\n11:00,2\n", "got dates or times such as '10:30'"),
    "decimal commas": (b"a;b\n1;2,5\n3;4\n", r"column 'b': .* got '2,5' in line 2; decimal=','"),
    "thousands": (b'a,b\n1,"1,234"\n3,"2,500"\n', "with a decimal point, got '1,234' in line 2"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_files_that_are_refused(tmp_path, what):
    content, words = REFUSED[what]
    path = write(tmp_path / "bad.csv", content)
    with pytest.raises(FormatError, match=words) as error:
        load_csv(path)
    assert str(error.value).startswith(f"[load_csv] {str(path)!r}: ")


@pytest.mark.parametrize(
    "what", [name for name in REFUSED if name.startswith(("dates", "times", "thousands"))]
)
def test_what_is_refused_as_a_number_may_be_a_category(read, what):
    content, _ = REFUSED[what]
    name = re.match(rb"\w+|a,(b)", content)
    column = "b" if what == "thousands" else name.group().decode()
    table = read(content, categories=[column])
    assert table.column(column).kind == "category"


def test_a_file_that_is_not_there_and_a_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"\[load_csv\] expected a file"):
        load_csv(tmp_path / "none.csv")
    with pytest.raises(FormatError, match="expected a regular file, got a folder"):
        load_csv(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"target": "prize"}, "a column of the file, one of price, size, got 'prize'; did you mean 'price'"),
        ({"exclude": ["no"]}, "a column of the file"),
        ({"categories": ["no"]}, "a column of the file"),
        ({"target": "price", "exclude": "price"}, "a target that is not excluded"),
        ({"exclude": [3]}, "exclude as texts"),
        ({"exclude": None}, "exclude as texts, got None"),
        ({"missing": 7}, "missing as texts, got 7"),
        ({"default_missing": "no"}, "default_missing True or False, got 'no'"),
        ({"target": ["price"]}, "target as the name of one column, got ['price']"),
        ({"delimiter": ",,"}, "delimiter as one character, got ',,'"),
        ({"delimiter": '"'}, "delimiter as one character"),
        ({"delimiter": 3}, "delimiter as one character"),
        ({"decimal": ";"}, "decimal '.' or ','"),
        ({"header": "yes"}, "header True, False or None, got 'yes'"),
    ],
)
def test_arguments_that_do_not_fit(read, arguments, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        read("price,size\n1,2\n3,4\n", **arguments)


def test_an_error_does_not_list_a_thousand_columns(read):
    names = [f"c{i}" for i in range(1000)]
    with pytest.raises(ValueError, match="and 950 more, got 'c1000'; did you mean 'c100'"):
        read(",".join(names) + "\n" + ",".join("1" for _ in names) + "\n", "c1000")


def test_a_target_without_a_value(read):
    with pytest.raises(FormatError, match="expected values of the target 'y', got none in 2 rows"):
        read("x,y\n1,\n2,?\n", "y")


def test_too_many_different_texts_are_not_kept(read, monkeypatch):
    monkeypatch.setattr(column_readers, "MOST_TEXTS", 50)
    text = "id,x\n" + "".join(f"id{i},{i}\n" for i in range(100))
    table = read(text)
    assert table.left_out == {"id": "too many different texts"}
    with pytest.raises(FormatError, match=r"column 'id': expected at most .* different texts"):
        read(text, "id")


def test_a_line_that_never_ends(read, monkeypatch):
    monkeypatch.setattr(csv_lines, "MOST_CHARACTERS", 1000)
    with pytest.raises(FormatError, match="got a longer line 2; is this a table"):
        read("a,b\n" + "1," * 600)


def test_random_bytes_are_tables_or_errors(tmp_path):
    """Whatever a file holds: a table, or an error of ours."""
    draw = random.Random(11)
    base = b'name,x,c\n"a, b",1.5,red\nb,NA,blue\nc,-3e2,red\n'
    made = 0
    for _ in range(250):
        data = bytearray(base * draw.randint(1, 3))
        for _ in range(draw.randint(1, 6)):
            place = draw.randrange(len(data))
            action = draw.randrange(3)
            if action == 0:
                data[place] = draw.choice(b'",;\n\r\t\0 \xe9\xff1e.-ax')
            elif action == 1:
                del data[place : place + draw.randint(1, 9)]
            else:
                data[place:place] = bytes(draw.choices(b'",\n\0\xc3x9', k=draw.randint(1, 5)))
            data = data or bytearray(b"x")
        try:
            table = load_csv(write(tmp_path / "r.csv", bytes(data)))
        except FormatError:
            continue
        made += 1
        assert len({len(table[name]) for name in table} | {len(table)}) == 1
    assert 20 < made < 240


def test_memory_is_that_of_the_columns_and_not_of_the_text():
    """A file of about 6 MB of numbers and texts grows the process by less than twice its size."""
    code = """
        import pathlib, resource, tempfile
        import numpy as np
        import fastdnn as fd
        from fastdnn.data import load_csv
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "t.csv"
            line = ",".join(["1.2345", "17", "some text", "yes"] * 5)
            names = ",".join(f"c{i}" for i in range(20))
            small = pathlib.Path(folder) / "s.csv"
            small.write_text(names + chr(10) + (line + chr(10)) * 5000)
            path.write_text(names + chr(10) + (line + chr(10)) * 50_000)
            load_csv(small)
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            table = load_csv(path)
            after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            print(path.stat().st_size, 1024 * (after - before), len(table))
    """
    size, grown, rows = map(int, output(code).split())
    assert rows == 50_000
    assert grown < 2 * size


def test_codes_in_two_spellings_are_one_category(read):
    text = "code,x\n" + "3,1\n7.0,2\n3.0,3\n007,4\n1.50,5\n,6\n"
    table = read(text, categories="code")
    assert table["code"].tolist() == ["3", "7.0", "3", "007", "1.50", ""]
    assert table.column("code").lines == (2, 3, 5, 6)


def test_a_model_that_told_two_spellings_apart_still_does(read):
    text = "v,y\n" + "".join(f"{('1', '1.0', 'x', 'z')[i % 4]},{i % 7 / 2}\n" for i in range(40))
    encoder = TableEncoder("regression").fit(read(text, "y"))
    assert encoder.features == ("v",)
    assert encoder.encoded(read("v\n1\n1.0\n", like=encoder, header=True)).argmax(axis=1).tolist() == [0, 1]


def test_a_line_of_commas_is_refused_at_once(read):
    begin = time.process_time()
    with pytest.raises(FormatError, match="at most 100,000 columns, got 3,000,001 fields in the first line"):
        read("," * 3_000_000 + "\n")
    assert time.process_time() - begin < 5
    assert len(read(",".join(map(str, range(20_000))) + "\n", header=False).columns) == 20_000


def test_a_table_of_no_rows(read):
    table = read("x,c\n1,a\n2,b\n3,a\n").take([])
    assert (len(table), table["x"].shape, table["c"].tolist()) == (0, (0,), [])
