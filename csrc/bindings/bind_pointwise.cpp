#include "bindings/kernel_arguments.h"
#include "kernels/activation.h"
#include "kernels/column_sum.h"
#include "kernels/normalize.h"

namespace fastdnn::bindings {
namespace {

template <class T>
void bind_pointwise(py::module_& m) {
  using In = const Array<T>&;
  m.def(
      "column_sum",
      [](Array<T> sums, In x, bool accumulate, int threads) {
        const Matrix<const T> in = input_matrix(x, "column_sum");
        T* out = vector_out(sums, in.cols, "column_sum");
        on_team(threads, [&](Team& team) { column_sum<T>(team, out, in, accumulate); });
      },
      py::arg("sums").noconvert(), py::arg("x").noconvert(), py::arg("accumulate") = false,
      py::arg("threads") = 1);
  m.def(
      "add_bias",
      [](Array<T> y, In x, In bias, int threads) {
        const Matrix<T> out = output_matrix(y, "add_bias");
        const Matrix<const T> in = input_matrix(x, "add_bias");
        same_shape(out, in, "add_bias");
        const T* b = vector_of(bias, in.cols, "add_bias");
        on_team(threads, [&](Team& team) { add_bias<T>(team, out, in, b); });
      },
      py::arg("y").noconvert(), py::arg("x").noconvert(), py::arg("bias").noconvert(),
      py::arg("threads") = 1);
  m.def(
      "pass_gradient",
      [](Array<T> dx, In dy, bool accumulate, int threads) {
        const Matrix<T> out = output_matrix(dx, "pass_gradient");
        const Matrix<const T> gradient = input_matrix(dy, "pass_gradient");
        same_shape(out, gradient, "pass_gradient");
        on_team(threads, [&](Team& team) { pass_gradient<T>(team, out, gradient, accumulate); });
      },
      py::arg("dx").noconvert(), py::arg("dy").noconvert(), py::arg("accumulate") = false,
      py::arg("threads") = 1);
  m.def(
      "normalize",
      [](Array<T> y, In x, In mean, In std, int threads) {
        const Matrix<T> out = output_matrix(y, "normalize");
        const Matrix<const T> in = input_matrix(x, "normalize");
        same_shape(out, in, "normalize");
        const T* mu = vector_of(mean, in.cols, "normalize");
        const T* sigma = vector_of(std, in.cols, "normalize");
        on_team(threads, [&](Team& team) { normalize_forward<T>(team, out, in, mu, sigma); });
      },
      py::arg("y").noconvert(), py::arg("x").noconvert(), py::arg("mean").noconvert(),
      py::arg("std").noconvert(), py::arg("threads") = 1);
  m.def(
      "normalize_backward",
      [](Array<T> dx, In dy, In std, bool accumulate, int threads) {
        const Matrix<T> out = output_matrix(dx, "normalize_backward");
        const Matrix<const T> gradient = input_matrix(dy, "normalize_backward");
        same_shape(out, gradient, "normalize_backward");
        const T* sigma = vector_of(std, out.cols, "normalize_backward");
        on_team(threads, [&](Team& team) { normalize_backward<T>(team, out, gradient, sigma, accumulate); });
      },
      py::arg("dx").noconvert(), py::arg("dy").noconvert(), py::arg("std").noconvert(),
      py::arg("accumulate") = false, py::arg("threads") = 1);
}

}  // namespace

void bind_pointwise_kernels(py::module_& m) {
  bind_pointwise<float>(m);
  bind_pointwise<double>(m);
}

}  // namespace fastdnn::bindings
