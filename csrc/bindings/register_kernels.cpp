#include "bindings/kernel_arguments.h"

namespace fastdnn::bindings {

void register_kernels(py::module_& m) {
  bind_data_kernels(m);
  bind_activation_kernels(m);
  bind_gemm_kernels(m);
  bind_pointwise_kernels(m);
  bind_softmax_kernels(m);
  bind_loss_kernels(m);
  bind_normalization_kernels(m);
  bind_random_kernels(m);
  bind_update_kernels(m);
  m.def(
      "measure",
      [](const py::list& calls, Index repeat, bool warm_up) {
        return Measurement(calls, repeat, warm_up).run();
      },
      py::arg("calls"), py::arg("repeat") = 1, py::arg("warm_up") = true,
      "Seconds of `repeat` times all calls, natively; a call is a function that calls one kernel.");
}

}  // namespace fastdnn::bindings
