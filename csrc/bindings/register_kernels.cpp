#include "bindings/kernel_arguments.h"

namespace fastdnn::bindings {

void register_kernels(py::module_& m) {
  bind_activation_kernels(m);
  bind_gemm_kernels(m);
  bind_pointwise_kernels(m);
  bind_softmax_kernels(m);
  bind_loss_kernels(m);
  bind_update_kernels(m);
}

}  // namespace fastdnn::bindings
