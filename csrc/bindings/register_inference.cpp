#include <pybind11/stl.h>

#include <cstring>
#include <memory>

#include "bindings/arrays.h"
#include "bindings/calls.h"
#include "bindings/gil.h"
#include "bindings/register.h"
#include "core/interrupt.h"
#include "engine/inference.h"

namespace fastdnn::bindings {
namespace {

// Runs without the GIL; a Ctrl-C in between becomes Python's exception,
// or, where a handler swallows it, a fresh start.
InferenceReport run_inference(Inference& inference, const SourceArrays& arrays,
                              const InferenceRequest& request) {
  const Feed feed(inference.plan().program(), inference.plan().dtype(), source_views(arrays));
  for (;;) {
    try {
      const WithoutGil release;
      return inference.run(feed, request);
    } catch (const Interrupted&) {
    }
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    InterruptScope::forget();
  }
}

py::list empty_outputs(const Plan& plan, Index rows, InferenceRequest& request) {
  py::list outputs;
  for (const int output : plan.program().outputs()) {
    py::array array = empty_array(plan.dtype(), {rows, plan.program().value(output).cols});
    request.outputs.push_back(static_cast<std::byte*>(array.mutable_data()));
    outputs.append(std::move(array));
  }
  return outputs;
}

// Copies by name of the segments whose gradient the program writes.
py::dict gradient_arrays(const Plan& plan, const FlatVector& theta, const std::byte* gradient) {
  py::dict arrays;
  for (const int slot : plan.gradient_segments()) {
    const Segment& segment = theta.segments()[static_cast<std::size_t>(slot)];
    py::array array = empty_array(plan.dtype(), segment.shape);
    const Index item = size_of(plan.dtype());
    std::memcpy(array.mutable_data(), gradient + segment.offset * item,
                static_cast<std::size_t>(segment.size * item));
    arrays[py::str(segment.name)] = std::move(array);
  }
  return arrays;
}

py::tuple run(Inference& inference, const SourceArrays& arrays, int threads, bool main_thread,
              std::uint64_t seed, std::uint32_t step, const py::object& calls) {
  const Plan& plan = inference.plan();
  check(!arrays.empty(), "Inference", "expected the arrays of the program's sources, got none");
  InferenceRequest request;
  request.threads = threads;
  request.watch_interrupt = main_thread;
  request.seed = seed;
  request.step = step;
  request.calls = call_handler(calls);
  py::list outputs = empty_outputs(plan, source_view(arrays[0], "Inference").rows, request);
  const bool has_gradient = !plan.gradient_segments().empty();
  const FlatVector& theta = inference.parameters().theta;
  const AlignedBuffer gradient(has_gradient ? theta.elements() * size_of(plan.dtype()) : 0);
  request.gradient = gradient.data();
  const InferenceReport report = run_inference(inference, arrays, request);
  return py::make_tuple(std::move(outputs), report.sums, gradient_arrays(plan, theta, gradient.data()),
                        place_of(report.non_finite));
}

std::vector<double> time_run(Inference& inference, const SourceArrays& arrays, int threads,
                             const py::object& calls) {
  const Plan& plan = inference.plan();
  check(!arrays.empty(), "Inference", "expected the arrays of the program's sources, got none");
  const Index rows = source_view(arrays[0], "Inference").rows;
  check(rows <= plan.max_batch() && plan.gradient_segments().empty(), "Inference",
        "expected at most one batch, of a program without gradients");
  InferenceRequest request;
  request.threads = threads;
  request.calls = call_handler(calls);
  const py::list outputs = empty_outputs(plan, rows, request);
  StepClock clock(plan.steps().size());
  request.clock = &clock;
  run_inference(inference, arrays, request);
  return clock.seconds();
}

}  // namespace

void register_inference(py::module_& m) {
  py::class_<Inference, std::shared_ptr<Inference>>(m, "Inference", "Runs a program that changes no weights.")
      .def(py::init<std::shared_ptr<Plan>, std::shared_ptr<Parameters>>(), py::arg("plan"),
           py::arg("parameters"))
      .def("time_run", &time_run, py::arg("arrays"), py::arg("threads"), py::arg("calls") = py::none(),
           "Runs the program on at most one batch; returns the seconds of each step of the plan.")
      .def("run", &run, py::arg("arrays"), py::arg("threads"), py::arg("main_thread"), py::arg("seed") = 0,
           py::arg("step") = 0, py::arg("calls") = py::none(),
           "Returns (outputs, sums of the results, gradients by name, place of what is not finite or None).");
}

}  // namespace fastdnn::bindings
