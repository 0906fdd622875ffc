#include <pybind11/stl.h>

#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <tuple>

#include "bindings/arrays.h"
#include "bindings/gil.h"
#include "bindings/register.h"
#include "bindings/update_names.h"
#include "engine/optimizer.h"

namespace fastdnn::bindings {
namespace {

using Kind = OptimizerConfig::Kind;

Kind kind_from(const std::string& name) {
  constexpr std::pair<const char*, Kind> kKinds[] = {
      {"sgd", Kind::sgd},   {"adagrad", Kind::adagrad}, {"adadelta", Kind::adadelta},
      {"adam", Kind::adam}, {"rmsprop", Kind::rmsprop}, {"nadam", Kind::nadam},
      {"lion", Kind::lion}, {"amsgrad", Kind::amsgrad}};
  for (const auto& [known, kind] : kKinds) {
    if (name == known) return kind;
  }
  fail("Optimizer", "expected the kind of an optimiser, got '", name, "'");
}

std::shared_ptr<Optimizer> make_optimizer(const std::shared_ptr<Parameters>& parameters,
                                          const std::string& kind, bool velocity, bool nesterov,
                                          const std::string& momentum_form, bool centered,
                                          bool bias_correction, const std::string& epsilon_mode,
                                          bool coupled_decay, double initial_accumulator) {
  OptimizerConfig config;
  config.kind = kind_from(kind);
  config.velocity = velocity;
  config.nesterov = nesterov;
  config.form = momentum_form_from(momentum_form);
  config.centered = centered;
  config.bias_correction = bias_correction;
  config.epsilon_mode = epsilon_mode_from(epsilon_mode);
  config.coupled_decay = coupled_decay;
  config.initial_accumulator = initial_accumulator;
  return std::make_shared<Optimizer>(config, parameters);
}

std::vector<std::string> scalar_names(const Optimizer& optimizer) {
  std::vector<std::string> names;
  for (const ScalarColumn& column : optimizer.columns()) names.emplace_back(column.name);
  return names;
}

py::dict products_of(const Optimizer& optimizer) {
  py::dict products;
  for (std::size_t i = 0; i < optimizer.product_names().size(); ++i) {
    products[py::str(optimizer.product_names()[i])] = optimizer.product(i);
  }
  return products;
}

void set_products(Optimizer& optimizer, const std::map<std::string, double>& products) {
  for (const auto& [name, product] : products) optimizer.set_product(name, product);
}

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
  std::vector<double> products;
  if (optimizer != nullptr) products.resize(optimizer->product_names().size());
  {
    const WithoutGil release;
    const std::shared_lock<FairMutex> lock(parameters.mutex);
    for (const auto& [to, from, bytes] : copies.all) std::memcpy(to, from, bytes);
    if (optimizer != nullptr) iterations = optimizer->iterations();
    for (std::size_t i = 0; i < products.size(); ++i) products[i] = optimizer->product(i);
  }
  result["iterations"] = iterations;
  py::dict named;
  for (std::size_t i = 0; i < products.size(); ++i) {
    named[py::str(optimizer->product_names()[i])] = products[i];
  }
  result["products"] = named;
  return result;
}

}  // namespace

void register_optimizer(py::module_& m) {
  py::class_<Optimizer, std::shared_ptr<Optimizer>>(m, "Optimizer",
                                                    "The state of an optimiser and its native update.")
      .def(py::init(&make_optimizer), py::arg("parameters"), py::arg("kind"), py::kw_only(),
           py::arg("velocity") = false, py::arg("nesterov") = false, py::arg("momentum_form") = "sum",
           py::arg("centered") = false, py::arg("bias_correction") = true,
           py::arg("epsilon_mode") = "outside", py::arg("coupled_decay") = false,
           py::arg("initial_accumulator") = 0.0)
      .def_property_readonly("scalar_names", &scalar_names,
                             "The columns of the table of scalars that a run is given.")
      .def_property("products", &products_of, &set_products,
                    "What corrects averages for their start at 0, by name: 1 before the first step.")
      .def(
          "set_options",
          [](Optimizer& optimizer, const std::string& name, double lr_scale, bool decay, double proximal_l1,
             double max_norm, int max_norm_axis) {
            optimizer.set_options(name, {lr_scale, decay, proximal_l1, max_norm, max_norm_axis});
          },
          py::arg("name"), py::kw_only(), py::arg("lr_scale"), py::arg("decay"), py::arg("proximal_l1"),
          py::arg("max_norm"), py::arg("max_norm_axis"), "What the update does to one segment in particular.")
      .def(
          "options",
          [](const Optimizer& optimizer, const std::string& name) {
            const SegmentOptions& o = optimizer.options(name);
            py::dict options;
            options["lr_scale"] = o.lr_scale;
            options["decay"] = o.decay;
            options["proximal_l1"] = o.proximal_l1;
            options["max_norm"] = o.max_norm;
            options["max_norm_axis"] = o.max_norm_axis;
            return options;
          },
          py::arg("name"), "What `set_options` set.")
      .def_property_readonly("slot_names", &Optimizer::slot_names)
      .def_property("iterations", &Optimizer::iterations, &Optimizer::set_iterations)
      .def("get", &get_state, py::arg("slot"), py::arg("name"), "A copy of the state of one segment.")
      .def("set", &set_state, py::arg("slot"), py::arg("name"), py::arg("array"),
           "Writes the state of one segment.");
  m.def("snapshot", &snapshot, py::arg("parameters"), py::arg("optimizer"),
        "Copies by name: theta, sigma, slots (by slot), iterations and products, all of one moment.");
}

}  // namespace fastdnn::bindings
