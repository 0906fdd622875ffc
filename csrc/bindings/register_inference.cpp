#include <pybind11/stl.h>

#include <memory>

#include "bindings/arrays.h"
#include "bindings/register.h"
#include "engine/inference.h"

namespace fastdnn::bindings {
namespace {

// Runs without the GIL; a Ctrl-C in between becomes Python's exception,
// or, where a handler swallows it, a fresh start.
InferenceReport run_inference(Inference& inference, const SourceArrays& arrays, std::byte* output,
                              int threads, bool main_thread) {
  const Feed feed(inference.plan().program(), inference.plan().dtype(), source_views(arrays));
  for (;;) {
    try {
      const py::gil_scoped_release release;
      return inference.run(feed, output, threads, main_thread);
    } catch (const Interrupted&) {
    }
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
  }
}

py::tuple predict(Inference& inference, const SourceArrays& arrays, int threads, bool main_thread) {
  const Program& program = inference.plan().program();
  check(program.output() >= 0 && !arrays.empty(), "predict",
        "expected a program with an output, and its arrays");
  const Index rows = source_view(arrays[0], "predict").rows;
  py::array output = empty_array(inference.plan().dtype(), {rows, program.value(program.output()).cols});
  auto* data = static_cast<std::byte*>(output.mutable_data());
  const InferenceReport report = run_inference(inference, arrays, data, threads, main_thread);
  return py::make_tuple(output, place_of(report.non_finite));
}

}  // namespace

void register_inference(py::module_& m) {
  py::class_<Inference, std::shared_ptr<Inference>>(m, "Inference", "Runs a program without gradients.")
      .def(py::init<std::shared_ptr<Plan>, std::shared_ptr<Parameters>>(), py::arg("plan"),
           py::arg("parameters"))
      .def("predict", &predict, py::arg("arrays"), py::arg("threads"), py::arg("main_thread"),
           "The output for every row, and the place of what is not finite: (source, row, column, value).")
      .def(
          "evaluate",
          [](Inference& inference, const SourceArrays& arrays, int threads, bool main_thread) {
            const InferenceReport report = run_inference(inference, arrays, nullptr, threads, main_thread);
            return py::make_tuple(report.sums, place_of(report.non_finite));
          },
          py::arg("arrays"), py::arg("threads"), py::arg("main_thread"),
          "The results' sums over the rows, and the place of what is not finite.");
}

}  // namespace fastdnn::bindings
