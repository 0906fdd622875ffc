"""What a process's memory grows by, step after step, in a process of its own."""

from interpreters import output

# Arguments: steps. Prints the slope in bytes a step of a fit whose epochs are one call, of one whose steps
# are a call each, and of rounds of everything else.
CODE = """
    import copy, gc, os, sys
    import numpy as np
    import fastdnn as fd
    from networks import classification, classifier
    steps = int(sys.argv[1])
    x, y = classification(rows=100)
    page = os.sysconf("SC_PAGESIZE")
    def resident():
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * page
    def slope(steps_done, work, rounds):
        for _ in range(max(20, rounds // 10)):  # until pools and caches are full
            work()
        sizes = []
        for _ in range(rounds):
            work()
            gc.collect()  # what waits in free lists and cycles until the collector comes is no leak
            sizes.append(resident())
        at = np.arange(rounds) * steps_done
        return np.polyfit(at, sizes, 1)[0]
    model = classifier()
    listen = fd.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None)
    def one_call():
        model.fit(x, y, batch_size=2, epochs=2)
    def a_call_each():
        model.fit(x, y, batch_size=2, epochs=2, callbacks=[listen], validation_data=(x, y))
    def everything():
        model.evaluate(x, y)
        model.predict(x, threads=2)
        model.set_weights(model.get_weights())
        copy.deepcopy(model).fit(x, y, batch_size=50, threads=2)
        model.fit(x, y, batch_size=50)
    print(
        slope(100, one_call, steps // 100),
        slope(100, a_call_each, steps // 100),
        slope(4, everything, steps // 20),
    )
"""


def growth(steps):
    """Bytes a step of three kinds of use."""
    return [float(word) for word in output(CODE, str(steps)).split()]
