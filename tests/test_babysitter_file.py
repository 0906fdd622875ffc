"""The small file by which a babysitter is told what to change."""

import re

import pytest
from babysat import at, fit, model_of
from networks import weight_hash

import fastdnn as fd
from fastdnn.tune import Babysitter


def test_the_file_is_written_with_all_numbers_as_comments(tmp_path):
    path = tmp_path / "sitter.toml"
    model, sitter = model_of(), Babysitter(file=path)
    with pytest.raises(ValueError, match="a fit that has begun"):
        sitter.write_file()
    fit(model, sitter, epochs=1)
    text = path.read_text()
    assert "# learning_rate = 0.01" in text
    assert '# "drop/dropout" = 0.3' in text
    assert '# clipnorm = "none"' in text
    assert all(not line or line.startswith("#") for line in text.splitlines())
    plain = model_of()
    fit(plain, epochs=1)
    assert weight_hash(model) == weight_hash(plain)  # comments change nothing
    # Each line does what it says once its "#" is gone.
    lines = [line[2:] for line in text.split("\n\n")[1].splitlines()]
    path.write_text("\n".join(lines))
    fit(model, sitter, epochs=1)
    assert sitter.changes == []


def test_the_file_is_read_when_it_changes(tmp_path):
    path = tmp_path / "sitter.toml"
    path.write_text('note = "begin"\ndropout = 0.1\nstop = true\n')  # an old order stops nothing
    model, sitter = model_of(), Babysitter(file=path, keep_epochs=2)

    def act(epoch, logs):
        if epoch == 1:
            path.write_text(
                'note = "slower"\ndropout = 0.1\nlearning_rate = 1e-3\nclipnorm = 2\nstop = true\n'
            )
        if epoch == 2:
            sitter.change(dropout=0.2)
        if epoch == 3:
            path.write_text('dropout = 0.1\nlearning_rate = 1e-3\nclipnorm = "none"\nundo = 1\n')
        if epoch == 5:
            path.write_text('note = "enough"\nstop = true\n')

    history = fit(model, sitter, fd.callbacks.LambdaCallback(on_epoch_begin=act), epochs=20)
    assert [(c.epoch, c.name, c.new, c.note) for c in sitter.changes] == [
        (1, "drop/dropout", 0.1, "begin"),
        (1, "drop_2/dropout", 0.1, "begin"),
        (3, "learning_rate", 1e-3, "slower"),
        (3, "clipnorm", 2.0, "slower"),
        (4, "drop/dropout", 0.2, ""),  # the file's line has not changed, and says nothing any more
        (4, "drop_2/dropout", 0.2, ""),
        (5, "undo", 3, ""),
        (5, "clipnorm", None, ""),
        (6, "stop", None, "enough"),
    ]
    assert history.epoch == list(range(6))


# ---- Files that are no good


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"learning_rate = ", "lines of TOML, name = number"),
        (b"\xff\xfe", "lines of TOML"),
        (b"drop/dropout = 0.2", "lines of TOML"),
        (b'learning_rate = "fast"', "learning_rate as a number or \"none\", got 'fast'"),
        (b"learning_rate = true", 'learning_rate as a number or "none", got True'),
        (b"learning_rate = -1", "0 <= learning_rate, got -1"),
        (b"[learning_rate]\nx = 1", 'learning_rate as a number or "none"'),
        (b"dropout = 0.1\nunits = 5", "may change in training"),
        (b"lr = 1e-3", "or an order, one of .* got 'lr'; did you mean 'learning_rate'"),
        (b"drop.dropout = 0.2", "got 'drop'; did you mean 'dropout'"),
        (b"stpo = true", "got 'stpo'; did you mean 'stop'"),
        (b"undoo = 1", "got 'undoo'; did you mean 'undo'"),
        (b'notes = "why"', "got 'notes'; did you mean 'note'"),
        (b"stop = 1", "stop as true or false"),
        (b"note = 1", "note as text"),
        (b"undo = 3", "undo epochs of this fit that were kept"),
        (b"undo = 0", "undo as a whole number >= 1"),
        (b"#" * 200_000, "at most 100000 bytes"),
    ],
)
def test_a_broken_file_is_told_once_and_training_goes_on(tmp_path, capsys, text, reason):
    path = tmp_path / "sitter.toml"
    model, sitter = model_of(), Babysitter(file=path)
    fit(model, sitter, at(1, lambda: path.write_bytes(text)), epochs=6)
    told = [line for line in capsys.readouterr().out.splitlines() if "Babysitter" in line]
    assert len(told) == 1
    assert re.search(reason, told[0])
    plain = model_of()
    fit(plain, epochs=6)
    assert weight_hash(model) == weight_hash(plain)
    assert sitter.changes == []
    # What was good in a refused file is news still, once the rest is mended.
    fit(model, sitter, at(1, lambda: path.write_text("dropout = 0.1")), epochs=4)
    assert {c.name for c in sitter.changes} == {"drop/dropout", "drop_2/dropout"}


@pytest.mark.parametrize(("when", "place"), [(None, "before epoch 1"), (1, "after epoch 2")])
def test_a_broken_file_is_told_of_by_the_same_count(tmp_path, capsys, when, place):
    path = tmp_path / "sitter.toml"
    sitter = Babysitter(file=path)
    if when is None:
        path.write_text("oops")
    fit(model_of(), sitter, at(when, lambda: path.write_text("oops\n")), epochs=4, verbose=2)
    lines = capsys.readouterr().out.splitlines()
    (index,) = [number for number, line in enumerate(lines) if "Babysitter" in line]
    assert lines[index].startswith(
        f"Babysitter, {place}: nothing is changed: [{path}] expected lines of TOML"
    )
    assert index == (0 if when is None else 1)  # before the progress line of the epoch that ends


def test_a_file_that_cannot_be_written_is_refused_before_training(tmp_path):
    model = model_of()
    before = weight_hash(model)
    with pytest.raises(ValueError, match=r"Babysitter. expected file as a path that can be written"):
        fit(model, Babysitter(file=tmp_path / "none" / "sitter.toml"))
    assert weight_hash(model) == before


def test_a_file_that_cannot_be_read_is_told_once(tmp_path, capsys):
    sitter = Babysitter(file=tmp_path)  # a folder
    fit(model_of(), sitter, epochs=4)
    assert capsys.readouterr().out.count("a file that can be read") == 1


# ---- A file that is being written


def test_a_file_that_is_being_written_says_nothing_new(tmp_path):
    path = tmp_path / "sitter.toml"
    body = "learning_rate = 0.005\nundo = 2\n"
    model, sitter = model_of(), Babysitter(file=path, keep_epochs=2)
    texts = {2: body, 4: "", 6: body + "dropout = 0.1\n"}

    def write(epoch, logs):
        if epoch in texts:
            path.write_text(texts[epoch])

    path.write_text("")
    fit(model, fd.callbacks.LambdaCallback(on_epoch_end=write), sitter, epochs=10)
    assert [(c.epoch, c.name) for c in sitter.changes] == [
        (4, "undo"),
        (4, "learning_rate"),
        (8, "drop/dropout"),
        (8, "drop_2/dropout"),
    ]


def test_a_number_that_is_cut_in_the_middle_is_not_taken(tmp_path):
    from fastdnn.tune.sitter_file import SitterFile

    file = SitterFile(tmp_path / "sitter.toml")
    file.path.write_text("l2 = 1")
    assert file.news(lambda: ["hidden/kernel/l2"])[0].numbers == {"l2": 1}  # a fit begins with what there is
    file.taken()
    file.path.write_text("l2 = 0.0")
    assert file.news(lambda: ["hidden/kernel/l2"]) == []
    file.path.write_text("l2 = 0.05")
    assert file.news(lambda: ["hidden/kernel/l2"]) == []
    assert file.news(lambda: ["hidden/kernel/l2"])[0].numbers == {"l2": 0.05}
