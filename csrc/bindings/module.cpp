// The Python module fastdnn._core: one register_X for each concept.
#include "bindings/register.h"

PYBIND11_MODULE(_core, m) {
  m.doc() = "The native core of fastdnn. Its public face is the package fastdnn.";
  using namespace fastdnn::bindings;
  register_info(m);
  register_random(m);
  register_parameters(m);
  register_program(m);
  register_optimizer(m);
  register_training(m);
  register_inference(m);
  auto kernels = m.def_submodule("kernels", "The kernels one by one, for tests and benchmarks.");
  register_kernels(kernels);
  auto probe = m.def_submodule("probe", "What this machine can do at best, for benchmarks.");
  register_probe(probe);
  auto testing = m.def_submodule("testing", "Allocator hooks and guarded arrays, for tests.");
  register_testing(testing);
}
