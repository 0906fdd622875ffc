#include <pybind11/stl.h>

#include "bindings/arrays.h"
#include "bindings/gil.h"
#include "bindings/register.h"
#include "kernels/probe.h"

namespace fastdnn::bindings {
namespace {

py::tuple figures(const Probe& probe) {
  return py::make_tuple(probe.threads, probe.work, probe.seconds);
}

template <class Run>
py::tuple without_gil(const Run& run) {
  Probe probe;
  {
    const WithoutGil release;
    probe = run();
  }
  return figures(probe);
}

MemoryPattern pattern_from(const std::string& name) {
  if (name == "read") return MemoryPattern::read;
  if (name == "copy") return MemoryPattern::copy;
  check(name == "update", "probe.memory", "expected 'read', 'copy' or 'update', got '", name, "'");
  return MemoryPattern::update;
}

}  // namespace

void register_probe(py::module_& m) {
  m.def(
      "fma",
      [](const std::string& dtype, int threads, Index steps, Index rounds) {
        const bool wide = dtype_from(dtype) == Dtype::f64;
        return without_gil([&] {
          return wide ? probe_fma<double>(threads, steps, rounds) : probe_fma<float>(threads, steps, rounds);
        });
      },
      py::arg("dtype"), py::arg("threads"), py::arg("steps"), py::arg("rounds"),
      "(threads, floating-point operations of a round, [seconds]) of multiply-adds in registers.");
  m.def(
      "memory",
      [](const std::string& pattern, int threads, Index footprint, Index passes, Index rounds) {
        const MemoryPattern chosen = pattern_from(pattern);
        return without_gil([&] { return probe_memory(chosen, threads, footprint, passes, rounds); });
      },
      py::arg("pattern"), py::arg("threads"), py::arg("footprint"), py::arg("passes"), py::arg("rounds"),
      "(threads, bytes moved in a round, [seconds]) of 'read', 'copy' or 'update' over arrays.");
  m.def(
      "barrier",
      [](int threads, Index count, Index rounds) {
        return without_gil([&] { return probe_barrier(threads, count, rounds); });
      },
      py::arg("threads"), py::arg("count"), py::arg("rounds"), "(threads, barriers of a round, [seconds]).");
}

}  // namespace fastdnn::bindings
