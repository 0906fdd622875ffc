#include "bindings/kernel_arguments.h"
#include "kernels/update.h"

namespace fastdnn::bindings {
namespace {

template <class T>
void bind_updates(py::module_& m) {
  m.def(
      "sgd_update",
      [](Array<T> theta, Optional<T> velocity, const Array<T>& gradient, double learning_rate,
         double momentum, bool nesterov) {
        const Index n = gradient.ndim() == 1 ? gradient.shape(0) : -1;
        T* out = vector_out(theta, n, "sgd_update");
        T* state = velocity ? vector_out(*velocity, n, "sgd_update") : nullptr;
        sgd_update<T>(out, state, vector_of(gradient, n, "sgd_update"), n,
                      {learning_rate, momentum, nesterov});
      },
      py::arg("theta").noconvert(), py::arg("velocity").noconvert().none(true),
      py::arg("gradient").noconvert(), py::arg("learning_rate"), py::arg("momentum"), py::arg("nesterov"));
  m.def(
      "adam_update",
      [](Array<T> theta, Array<T> first, Array<T> second, const Array<T>& gradient, double learning_rate,
         double beta_1, double beta_2, double epsilon, std::int64_t t) {
        const Index n = gradient.ndim() == 1 ? gradient.shape(0) : -1;
        adam_update<T>(vector_out(theta, n, "adam_update"), vector_out(first, n, "adam_update"),
                       vector_out(second, n, "adam_update"), vector_of(gradient, n, "adam_update"), n,
                       adam_step(learning_rate, beta_1, beta_2, epsilon, t));
      },
      py::arg("theta").noconvert(), py::arg("m").noconvert(), py::arg("v").noconvert(),
      py::arg("gradient").noconvert(), py::arg("learning_rate"), py::arg("beta_1"), py::arg("beta_2"),
      py::arg("epsilon"), py::arg("t"));
}

}  // namespace

void bind_update_kernels(py::module_& m) {
  bind_updates<float>(m);
  bind_updates<double>(m);
}

}  // namespace fastdnn::bindings
