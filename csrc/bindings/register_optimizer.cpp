#include <pybind11/stl.h>

#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <tuple>

#include "bindings/arrays.h"
#include "bindings/gil.h"
#include "bindings/register.h"
#include "engine/optimizer.h"

namespace fastdnn::bindings {
namespace {

using Kind = OptimizerConfig::Kind;

py::array get_state(const Optimizer& optimizer, const std::string& slot, const std::string& name) {
  const Segment& segment = optimizer.parameters().theta.find(name);
  const std::byte* state = optimizer.slot(slot, segment);
  py::array array = empty_array(optimizer.parameters().dtype, segment.shape);
  std::memcpy(array.mutable_data(), state, static_cast<std::size_t>(array.nbytes()));
  return array;
}

void set_state(Optimizer& optimizer, const std::string& slot, const std::string& name,
               const py::array& array) {
  const Segment& segment = optimizer.parameters().theta.find(name);
  check_segment_array(optimizer.parameters().dtype, segment, array);
  std::memcpy(optimizer.slot(slot, segment), array.data(), static_cast<std::size_t>(array.nbytes()));
}

// What is copied while nothing may be written.
struct Copies {
  std::vector<std::tuple<void*, const std::byte*, std::size_t>> all;

  // An array for each segment; `at` says where it lies.
  template <class At>
  py::dict of(const Parameters& parameters, const FlatVector& layout, const At& at) {
    py::dict arrays;
    for (const Segment& segment : layout.segments()) {
      py::array array = empty_array(parameters.dtype, segment.shape);
      all.emplace_back(array.mutable_data(), at(segment), static_cast<std::size_t>(array.nbytes()));
      arrays[py::str(segment.name)] = array;
    }
    return arrays;
  }
};

// Parameters and, where there is one, the optimiser's state, all of the same step.
py::dict snapshot(Parameters& parameters, const std::optional<std::shared_ptr<Optimizer>>& given) {
  const Optimizer* optimizer = given ? given->get() : nullptr;
  check(optimizer == nullptr || &optimizer->parameters() == &parameters, "snapshot",
        "expected the optimiser of these parameters, got another one");
  Copies copies;
  py::dict result;
  for (const auto& [name, vector] : {std::pair{"theta", &parameters.theta}, {"sigma", &parameters.sigma}}) {
    const FlatVector& flat = *vector;
    result[name] = copies.of(parameters, flat, [&](const Segment& segment) { return flat.at(segment); });
  }
  py::dict slots;
  if (optimizer != nullptr) {
    for (const std::string& slot : optimizer->slot_names()) {
      slots[py::str(slot)] = copies.of(parameters, parameters.theta, [&](const Segment& segment) {
        return optimizer->slot(slot, segment);
      });
    }
  }
  result["slots"] = slots;
  std::int64_t iterations = 0;
  {
    const WithoutGil release;
    const std::shared_lock<FairMutex> lock(parameters.mutex);
    for (const auto& [to, from, bytes] : copies.all) std::memcpy(to, from, bytes);
    if (optimizer != nullptr) iterations = optimizer->iterations();
  }
  result["iterations"] = iterations;
  return result;
}

}  // namespace

void register_optimizer(py::module_& m) {
  py::class_<Optimizer, std::shared_ptr<Optimizer>>(m, "Optimizer",
                                                    "The state of an optimiser and its native update.")
      .def_static(
          "sgd",
          [](const std::shared_ptr<Parameters>& parameters, double momentum, bool nesterov) {
            OptimizerConfig config;
            config.kind = Kind::sgd;
            config.momentum = momentum;
            config.nesterov = nesterov;
            return std::make_shared<Optimizer>(config, parameters);
          },
          py::arg("parameters"), py::arg("momentum"), py::arg("nesterov"))
      .def_static(
          "adam",
          [](const std::shared_ptr<Parameters>& parameters, double beta_1, double beta_2, double epsilon) {
            OptimizerConfig config;
            config.kind = Kind::adam;
            config.beta_1 = beta_1;
            config.beta_2 = beta_2;
            config.epsilon = epsilon;
            return std::make_shared<Optimizer>(config, parameters);
          },
          py::arg("parameters"), py::arg("beta_1"), py::arg("beta_2"), py::arg("epsilon"))
      .def_property_readonly("slot_names", &Optimizer::slot_names)
      .def_property("iterations", &Optimizer::iterations, &Optimizer::set_iterations)
      .def("get", &get_state, py::arg("slot"), py::arg("name"), "A copy of the state of one segment.")
      .def("set", &set_state, py::arg("slot"), py::arg("name"), py::arg("array"),
           "Writes the state of one segment.");
  m.def("snapshot", &snapshot, py::arg("parameters"), py::arg("optimizer"),
        "Copies by name: theta, sigma, slots (by slot) and iterations, all of one moment.");
}

}  // namespace fastdnn::bindings
