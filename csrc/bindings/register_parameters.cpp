#include <pybind11/stl.h>

#include <cstring>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <tuple>
#include <utility>

#include "bindings/arrays.h"
#include "bindings/gil.h"
#include "bindings/register.h"
#include "engine/parameters.h"

namespace fastdnn::bindings {
namespace {

using SegmentSpec = std::pair<std::string, std::vector<Index>>;

std::vector<Segment> segments_from(const std::vector<SegmentSpec>& specs) {
  std::vector<Segment> segments;
  for (const auto& [name, shape] : specs) segments.push_back({name, shape});
  return segments;
}

const FlatVector& vector_named(const Parameters& parameters, const std::string& name) {
  check(name == "theta" || name == "sigma", "Parameters", "expected 'theta' or 'sigma', got '", name, "'");
  return name == "theta" ? parameters.theta : parameters.sigma;
}

py::array get_segment(Parameters& parameters, const std::string& vector, const std::string& name) {
  const FlatVector& flat = vector_named(parameters, vector);
  const Segment& segment = flat.find(name);
  py::array array = empty_array(parameters.dtype, segment.shape);
  const WithoutGil release;
  const std::shared_lock<FairMutex> lock(parameters.mutex);
  std::memcpy(array.mutable_data(), flat.at(segment),
              static_cast<std::size_t>(segment.size * size_of(parameters.dtype)));
  return array;
}

using NamedArray = std::tuple<std::string, std::string, py::array>;  // vector, name, array

// All segments in one moment: a prediction beside it sees all or none of them.
void set_segments(Parameters& parameters, const std::vector<NamedArray>& entries) {
  struct Copy {
    std::byte* to;
    const void* from;
    std::size_t bytes;
  };
  std::vector<Copy> copies;
  for (const auto& [vector, name, array] : entries) {
    const FlatVector& flat = vector_named(parameters, vector);
    const Segment& segment = flat.find(name);
    check_segment_array(parameters.dtype, segment, array);
    copies.push_back({flat.at(segment), array.data(), static_cast<std::size_t>(array.nbytes())});
  }
  const WithoutGil release;
  const std::lock_guard<FairMutex> lock(parameters.mutex);
  for (const Copy& copy : copies) std::memcpy(copy.to, copy.from, copy.bytes);
}

}  // namespace

void register_parameters(py::module_& m) {
  py::class_<Parameters, std::shared_ptr<Parameters>>(m, "Parameters",
                                                      "The flat vectors theta and sigma of a model.")
      .def(py::init([](const std::string& dtype, const std::vector<SegmentSpec>& theta,
                       const std::vector<SegmentSpec>& sigma) {
             return std::make_shared<Parameters>(dtype_from(dtype), segments_from(theta),
                                                 segments_from(sigma));
           }),
           py::arg("dtype"), py::arg("theta"), py::arg("sigma"))
      .def_property_readonly(
          "dtype", [](const Parameters& p) { return p.dtype == Dtype::f64 ? "float64" : "float32"; })
      .def(
          "segments",
          [](const Parameters& parameters, const std::string& vector) {
            py::list rows;
            for (const Segment& s : vector_named(parameters, vector).segments()) {
              rows.append(py::make_tuple(s.name, py::tuple(py::cast(s.shape)), s.offset, s.size));
            }
            return rows;
          },
          py::arg("vector"), "(name, shape, offset, size) of each segment of 'theta' or 'sigma'.")
      .def("get", &get_segment, py::arg("vector"), py::arg("name"), "A copy of one segment.")
      .def(
          "set",
          [](Parameters& parameters, const std::string& vector, const std::string& name,
             const py::array& array) { set_segments(parameters, {{vector, name, array}}); },
          py::arg("vector"), py::arg("name"), py::arg("array"), "Writes one segment.")
      .def("set_all", &set_segments, py::arg("arrays"),
           "Writes (vector, name, array) of several segments in one moment.");
}

}  // namespace fastdnn::bindings
