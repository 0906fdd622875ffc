// The GIL given up and taken again. Python ends a thread that wants it while the interpreter is being finalised
// by unwinding its stack, and that would terminate the process at the first destructor on the way: such a thread
// sleeps instead until the process is over, as from Python 3.14 on.
#pragma once

#include <pybind11/pybind11.h>

#include <chrono>
#include <thread>

namespace fastdnn::bindings {

template <class Take>
auto take_gil(const Take& take) {
  try {
    return take();
  } catch (...) {  // it throws nothing, so this is the unwinding
    for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
  }
}

// While it lives, the thread runs without the GIL.
class WithoutGil {
 public:
  WithoutGil() : state_(PyEval_SaveThread()) {}
  ~WithoutGil() {
    take_gil([this] { PyEval_RestoreThread(state_); });
  }
  WithoutGil(const WithoutGil&) = delete;
  WithoutGil& operator=(const WithoutGil&) = delete;

 private:
  PyThreadState* state_;
};

// While it lives, a thread that runs without the GIL has it.
class WithGil {
 public:
  WithGil() : state_(take_gil([] { return PyGILState_Ensure(); })) {}
  ~WithGil() { PyGILState_Release(state_); }
  WithGil(const WithGil&) = delete;
  WithGil& operator=(const WithGil&) = delete;

 private:
  PyGILState_STATE state_;
};

}  // namespace fastdnn::bindings
