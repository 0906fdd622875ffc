"""What a machine can see of a picture: labels, texts that overlap, a legend over data, what is cut off.

`check(axes)` of what a function of fastdnn.plots returned raises AssertionError with the texts in question.
"""

import itertools

import numpy as np

PIXELS = 1.0  # boxes of letters are a little larger than the letters
WIDTH = 800  # of a picture in README.md and docs, in pixels,
SMALLEST = 9  # at which letters are at least so high
GREY = 0.25  # of black to white: by this, greys are told apart


def figure_of(axes):
    """The figure of one Axes or an array of them."""
    return np.ravel(np.array(axes, object))[0].figure


def check(axes, smallest=SMALLEST):
    """All of it, of the whole figure; `smallest` letters, in pixels where it is 800 wide."""
    figure = figure_of(axes)
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    check_labels(figure)
    texts = visible_texts(figure)
    check_overlaps(texts, renderer)
    check_inside(figure, texts, renderer)
    check_sizes(figure, texts, smallest)
    for ax in figure.axes:
        check_grey(ax)
    for legend in legends(figure):
        check_legend(figure, legend, renderer)


# ---- Labels


def check_labels(figure):
    """Each axis has a label, its own or that of its column or row, or names at its ticks."""
    for ax in figure.axes:
        if not ax.axison:
            empty = not (ax.lines or ax.patches or ax.collections or ax.images)
            assert empty or ax.get_title(), "axes without axis and title"
            continue
        if not (ax.get_xlabel() and ax.get_ylabel()):
            for way, axis in (("x", ax.xaxis), ("y", ax.yaxis)):
                told = _label(figure, ax, way) or _colorbar(ax) or _has_names(axis)
                assert told, f"no {way} label: {_name(ax)}"


def _label(figure, ax, way):
    """Of the axes, of another in its column (x) or row (y), or of the figure."""
    common = getattr(figure, f"_sup{way}label", None)
    if common is not None and common.get_text():
        return common.get_text()
    place = ax.get_subplotspec()
    beside = [ax]
    if place is not None:
        span = "colspan" if way == "x" else "rowspan"
        other = [each for each in figure.axes if each.get_subplotspec() is not None]
        beside += [o for o in other if set(getattr(o.get_subplotspec(), span)) & set(getattr(place, span))]
    return next((label for each in beside if (label := getattr(each, f"get_{way}label")())), "")


def _has_names(axis):
    """Whether words at the ticks say what it is of."""
    return any(
        c.isalpha() for text in axis.get_majorticklabels() for c in text.get_text().replace("mathdefault", "")
    )


def _colorbar(ax):
    return ax.get_label() == "<colorbar>" and (ax.get_ylabel() or ax.get_xlabel())


def _name(ax):
    return ax.get_title() or ax.get_ylabel() or repr(ax)


# ---- Texts


def visible_texts(figure):
    """Every text that is drawn, with its place for messages."""
    import matplotlib.text

    hidden = {text for ax in figure.axes for text in _tick_texts_unseen(ax)}
    return [
        text
        for text in figure.findobj(matplotlib.text.Text)
        if text.get_visible() and text.get_text().strip() and text not in hidden and _ancestors_visible(text)
    ]


def _tick_texts_unseen(ax):
    """Labels of ticks beyond the limits, which exist and are not drawn."""
    for axis in (ax.xaxis, ax.yaxis):
        low, high = sorted(axis.get_view_interval())
        slack = 1e-9 * (high - low)
        for tick in [*axis.majorTicks, *axis.minorTicks]:
            drawn = ax.axison and ax.get_visible() and axis.get_visible()
            if not (drawn and low - slack <= tick.get_loc() <= high + slack):
                yield from (tick.label1, tick.label2)
        known = {*axis.get_major_ticks(), *axis.get_minor_ticks()}
        for tick in [*axis.majorTicks, *axis.minorTicks]:
            if tick not in known:
                yield from (tick.label1, tick.label2)


def _ancestors_visible(text):
    return text.axes is None or text.axes.get_visible()


def check_overlaps(texts, renderer):
    """No two boxes of texts overlap."""
    boxes = np.array([text.get_window_extent(renderer).extents for text in texts]).reshape(-1, 4)
    low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    over = np.triu((high - low).min(axis=2) > PIXELS, 1)
    for i, j in np.argwhere(over):
        one, two = texts[i], texts[j]
        if one.get_rotation() == two.get_rotation() and one.get_rotation() % 90:
            gap, least = _lines_apart(one, two), _height(one, renderer)
            assert gap >= least - PIXELS, (
                f"{one.get_text()!r} overlaps {two.get_text()!r}, {gap:.0f} of {least:.0f}"
            )
            continue
        wide, tall = (high - low)[i, j]
        raise AssertionError(f"{one.get_text()!r} overlaps {two.get_text()!r} by {wide:.0f}×{tall:.0f}")


def _lines_apart(one, two):
    """How far two slanted lines of text are from each other, across their direction."""
    places = [text.get_transform().transform(text.get_unitless_position()) for text in (one, two)]
    angle = np.deg2rad(one.get_rotation())
    return abs(np.dot(places[1] - places[0], (-np.sin(angle), np.cos(angle))))


def _height(text, renderer):
    """Of a line of letters."""
    return renderer.points_to_pixels(text.get_fontsize())


def check_inside(figure, texts, renderer):
    """Nothing that is read is cut off by the figure's edge."""
    for text in texts:
        _inside(figure, text.get_window_extent(renderer), text.get_text())
    for legend in legends(figure):
        _inside(figure, legend.get_window_extent(renderer), "the legend")


def _inside(figure, box, name):
    page = figure.bbox
    beyond = max(page.x0 - box.x0, page.y0 - box.y0, box.x1 - page.x1, box.y1 - page.y1)
    assert beyond <= PIXELS, f"{name!r} is cut off by {beyond:.0f} pixels"


def check_sizes(figure, texts, smallest):
    """Letters can be read where the picture is 800 pixels wide."""
    for text in texts:
        pixels = text.get_fontsize() / 72 * WIDTH / figure.get_size_inches()[0]
        assert pixels >= smallest - 0.05, f"{text.get_text()!r} is {pixels:.1f} pixels high at {WIDTH}"


# ---- Legends and greys


def legends(figure):
    """Of the figure and of its axes."""
    return [*figure.legends, *(legend for ax in figure.axes if (legend := ax.get_legend()) is not None)]


def check_legend(figure, legend, renderer):
    """It covers no point of a line, no marker, bar or image."""
    box = legend.get_window_extent(renderer)
    for ax in figure.axes:
        if not ax.axison and not ax.images:
            continue
        for name, points in _data(ax):
            inside = (points > (box.x0, box.y0)).all(axis=1) & (points < (box.x1, box.y1)).all(axis=1)
            seen = ax.bbox.padded(2)
            inside &= (points > (seen.x0, seen.y0)).all(axis=1) & (points < (seen.x1, seen.y1)).all(axis=1)
            assert not inside.any(), f"the legend covers {name} of {_name(ax)!r}"


def _data(ax):
    """(name, points in pixels) of all that is drawn where data are."""
    for line in ax.lines:
        if _of_data(line, ax) and len(line.get_xydata()):
            yield f"line {line.get_label()!r}", _dense(line.get_transform().transform(line.get_xydata()))
    for patch in ax.patches:
        if _of_data(patch, ax):
            box = patch.get_window_extent()
            xs, ys = np.linspace(box.x0, box.x1, 20), np.linspace(box.y0, box.y1, 20)
            yield "a bar", np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)
    for collection in ax.collections:
        offsets = collection.get_offsets()
        if len(offsets) > 1:
            yield "points", collection.get_offset_transform().transform(offsets)
        elif collection.get_transform().contains_branch(ax.transData):
            for path in collection.get_paths():
                if len(path.vertices):
                    yield "an area or contour", collection.get_transform().transform(path.vertices)
    for image in ax.images:
        box = image.get_window_extent()
        xs, ys = np.linspace(box.x0, box.x1, 40), np.linspace(box.y0, box.y1, 40)
        yield "an image", np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)


def _of_data(artist, ax):
    """Not what spans the axes, such as `axvline`."""
    return artist.get_visible() and all(artist.get_transform().contains_branch_seperately(ax.transData))


def _dense(points):
    """The line's points, and twenty between any two."""
    points = points[np.isfinite(points).all(axis=1)]
    steps = np.linspace(0, 1, 21)[:, None, None]
    return np.concatenate([points, (points[:-1] + steps * (points[1:] - points[:-1])).reshape(-1, 2)])


def check_grey(ax):
    """Lines that a legend tells apart differ in style, marker or width, or in their grey."""
    named = [line for line in ax.lines if not line.get_label().startswith("_")]
    for one, two in itertools.combinations(named, 2):
        same = _form(one) == _form(two) and abs(_grey(one) - _grey(two)) < GREY
        assert not same, f"{one.get_label()!r} and {two.get_label()!r} look alike in grey"


def _form(line):
    dashes = line.get_linestyle(), getattr(line, "_dash_pattern", None)
    if line.get_linestyle() in ("None", "none", "", " "):
        dashes = ("none", None)
    filled = str(line.get_markerfacecolor()) not in ("none", "white")
    return str(dashes), line.get_marker(), filled, line.get_linewidth()


def _grey(line):
    from matplotlib.colors import to_rgb

    return float(np.dot(to_rgb(line.get_color()), (0.299, 0.587, 0.114)))
