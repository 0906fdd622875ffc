#include <pybind11/stl.h>

#include <cstring>
#include <memory>

#include "bindings/arrays.h"
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
}

}  // namespace fastdnn::bindings
