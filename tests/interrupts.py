"""Ctrl-C again and again, in a process of its own: how long each takes, and what it leaves behind."""

from interpreters import start

# Arguments: rows of a batch, units of a layer, dtype, threads (0: default), how many, seed. Prints a line for
# each: what was interrupted, seconds from the signal to the exception. In turn: a fit with steps that take
# long, a prediction, an evaluation, and a fit of many short steps.
CODE = """
    import os, random, signal, sys, threading, time
    import numpy as np
    import fastdnn as fd
    from networks import classification, classifier, weight_hash
    rows, units, dtype, threads, count, seed = sys.argv[1:]
    rows, units, threads = int(rows), int(units), int(threads) or None
    random.seed(int(seed))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    x, y = classification(rows=rows, features=units)
    x = x.astype(dtype)
    wide = classifier(features=units, hidden=(units, units), dtype=dtype, optimizer="sgd")
    start = weight_hash(wide)
    small_x, small_y = classification(rows=2000)
    hashes = []
    note = fd.callbacks.LambdaCallback(on_train_batch_end=lambda *_: hashes.append(weight_hash(small())))
    models = []
    def small():
        return models[-1]
    def fresh():
        models.append(classifier(hidden=(32, 32)))
        return models[-1]
    hashes.append(weight_hash(fresh()))
    models[-1].fit(small_x, small_y, batch_size=2, callbacks=[note])

    def many_steps():
        fresh().fit(small_x, small_y, batch_size=2, epochs=10**6)

    def whole_step():
        # The first epoch's steps, and after it what we do not know.
        done = models[-1].compiled.state.iterations
        assert done >= len(hashes) or weight_hash(models[-1]) == hashes[done], done

    def untouched():
        assert weight_hash(wide) == start
        assert wide.compiled.state is None or wide.compiled.state.iterations == 0

    calls = {
        "fit": (lambda: wide.fit(x, y, batch_size=rows, threads=threads), untouched),
        "predict": (lambda: wide.predict(x, batch_size=rows, threads=threads), untouched),
        "evaluate": (lambda: wide.evaluate(x, y, batch_size=rows, threads=threads), untouched),
        "many steps": (many_steps, whole_step),
    }
    sent = [0.0]
    def send(after):
        time.sleep(after)
        sent[0] = time.monotonic()
        os.kill(os.getpid(), signal.SIGINT)

    done = 0
    while done < int(count):
        for name, (call, check) in calls.items():
            killer = threading.Thread(target=send, args=(random.uniform(0.02, 0.3),))
            caught = 0.0
            killer.start()
            try:
                while True:  # a prediction may be done before the signal comes
                    if name == "fit" and wide.compiled.state is not None:
                        wide.compile("sgd", wide.compiled.loss)
                    call()
                    if name == "fit":
                        raise SystemExit("a step was done: take a larger network")
            except KeyboardInterrupt:
                caught = time.monotonic()
            killer.join()
            check()
            print(name, caught - sent[0], flush=True)
            done += 1
"""


def interrupts(rows, units, *, dtype="float32", threads=0, count, seed=0, timeout=600, **environment):
    """[(what, seconds)] of about `count` interrupts.

    Raises:
        AssertionError: one left something else behind than whole steps.
    """
    process = start(CODE, *map(str, (rows, units, dtype, threads, count, seed)), **environment)
    try:
        out, err = process.communicate(timeout=timeout)
    finally:
        process.kill()
    assert process.returncode == 0, err
    return [(line.rsplit(" ", 1)[0], float(line.rsplit(" ", 1)[1])) for line in out.splitlines()]
