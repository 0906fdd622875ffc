#include "bindings/kernel_arguments.h"
#include "kernels/log_softmax.h"
#include "kernels/logistic_normalize.h"
#include "kernels/softmax.h"

namespace fastdnn::bindings {
namespace {

template <class T>
void bind_softmax(py::module_& m) {
  using In = const Array<T>&;
  const auto bind_forward = [&m](const char* name, auto kernel) {
    m.def(
        name,
        [name, kernel](Array<T> y, In x, int threads) {
          const Matrix<T> out = output_matrix(y, name);
          const Matrix<const T> in = input_matrix(x, name);
          same_shape(out, in, name);
          check(in.cols >= 1, name, "expected at least one column");
          on_team(threads, [&](Team& team) { kernel(team, out, in); });
        },
        py::arg("y").noconvert(), py::arg("x").noconvert(), py::arg("threads") = 1);
  };
  bind_forward("softmax", &softmax_forward<T>);
  bind_forward("log_softmax", &log_softmax_forward<T>);
  bind_forward("logistic_normalize", &logistic_normalize_forward<T>);
  const auto bind_backward = [&m](const char* name, auto kernel) {
    m.def(
        name,
        [name, kernel](Array<T> dx, In y, In dy, bool accumulate, int threads) {
          const Matrix<T> out = output_matrix(dx, name);
          const Matrix<const T> value = input_matrix(y, name);
          const Matrix<const T> gradient = input_matrix(dy, name);
          same_shape(out, value, name);
          same_shape(out, gradient, name);
          on_team(threads, [&](Team& team) { kernel(team, out, value, gradient, accumulate); });
        },
        py::arg("dx").noconvert(), py::arg("y").noconvert(), py::arg("dy").noconvert(),
        py::arg("accumulate") = false, py::arg("threads") = 1);
  };
  bind_backward("softmax_backward", &softmax_backward<T>);
  bind_backward("log_softmax_backward", &log_softmax_backward<T>);
  m.def(
      "logistic_normalize_backward",
      [](Array<T> dx, In y, In x, In dy, bool accumulate, int threads) {
        const char* where = "logistic_normalize_backward";
        const Matrix<T> out = output_matrix(dx, where);
        const Matrix<const T> value = input_matrix(y, where);
        const Matrix<const T> in = input_matrix(x, where);
        const Matrix<const T> gradient = input_matrix(dy, where);
        same_shape(out, value, where);
        same_shape(out, in, where);
        same_shape(out, gradient, where);
        on_team(threads, [&](Team& team) {
          logistic_normalize_backward<T>(team, out, value, in, gradient, accumulate);
        });
      },
      py::arg("dx").noconvert(), py::arg("y").noconvert(), py::arg("x").noconvert(),
      py::arg("dy").noconvert(), py::arg("accumulate") = false, py::arg("threads") = 1);
}

}  // namespace

void bind_softmax_kernels(py::module_& m) {
  bind_softmax<float>(m);
  bind_softmax<double>(m);
}

}  // namespace fastdnn::bindings
