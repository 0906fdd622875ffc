#include "bindings/kernel_arguments.h"
#include "kernels/accuracy.h"
#include "kernels/cross_entropy.h"
#include "kernels/squared_error.h"

namespace fastdnn::bindings {
namespace {

// The gradient of a loss, or an empty view where it is not wanted.
template <class T>
Matrix<T> optional_gradient(Optional<T>& array, const Matrix<const T>& like, const char* where) {
  if (!array) return {nullptr, 0, 0, 0};
  const Matrix<T> gradient = output_matrix(*array, where);
  same_shape(gradient, like, where);
  return gradient;
}

template <class T>
void bind_losses(py::module_& m) {
  using In = const Array<T>&;
  using Labels = const Array<std::int32_t>&;
  m.def(
      "sparse_cross_entropy",
      [](Array<T> row_loss, Optional<T> dz, In z, Labels labels, const Optional<T>& weights, T scale,
         int threads) {
        const char* where = "sparse_cross_entropy";
        const Matrix<const T> logits = input_matrix(z, where);
        check(logits.cols >= 1, where, "expected at least one column");
        T* loss = vector_out(row_loss, logits.rows, where);
        const Matrix<T> gradient = optional_gradient(dz, logits, where);
        const std::int32_t* classes = checked_labels(labels, logits.rows, logits.cols, where);
        const T* w = optional_vector(weights, logits.rows, where);
        on_team(threads, [&](Team& team) {
          sparse_cross_entropy<T>(team, loss, gradient, logits, classes, w, scale);
        });
      },
      py::arg("row_loss").noconvert(), py::arg("dz").noconvert().none(true), py::arg("z").noconvert(),
      py::arg("labels").noconvert(), py::arg("weights").noconvert().none(true) = py::none(),
      py::arg("scale") = 1, py::arg("threads") = 1);
  const auto bind_dense = [&m](const char* name, auto kernel) {
    m.def(
        name,
        [name, kernel](Array<T> row_loss, Optional<T> dy, In y, In target, const Optional<T>& weights,
                       T scale, int threads) {
          const Matrix<const T> prediction = input_matrix(y, name);
          const Matrix<const T> wanted = input_matrix(target, name);
          same_shape(prediction, wanted, name);
          check(prediction.cols >= 1, name, "expected at least one column");
          T* loss = vector_out(row_loss, prediction.rows, name);
          const Matrix<T> gradient = optional_gradient(dy, prediction, name);
          const T* w = optional_vector(weights, prediction.rows, name);
          on_team(threads, [&](Team& team) { kernel(team, loss, gradient, prediction, wanted, w, scale); });
        },
        py::arg("row_loss").noconvert(), py::arg("dy").noconvert().none(true), py::arg("y").noconvert(),
        py::arg("target").noconvert(), py::arg("weights").noconvert().none(true) = py::none(),
        py::arg("scale") = 1, py::arg("threads") = 1);
  };
  bind_dense("categorical_cross_entropy", &categorical_cross_entropy<T>);
  bind_dense("squared_error", &squared_error<T>);
  m.def(
      "sparse_accuracy",
      [](Array<T> row_correct, In z, Labels labels, int threads) {
        const Matrix<const T> logits = input_matrix(z, "sparse_accuracy");
        check(logits.cols >= 1, "sparse_accuracy", "expected at least one column");
        T* correct = vector_out(row_correct, logits.rows, "sparse_accuracy");
        const std::int32_t* classes = vector_of(labels, logits.rows, "sparse_accuracy");
        on_team(threads, [&](Team& team) { sparse_accuracy<T>(team, correct, logits, classes); });
      },
      py::arg("row_correct").noconvert(), py::arg("z").noconvert(), py::arg("labels").noconvert(),
      py::arg("threads") = 1);
  m.def(
      "categorical_accuracy",
      [](Array<T> row_correct, In z, In target, int threads) {
        const Matrix<const T> logits = input_matrix(z, "categorical_accuracy");
        const Matrix<const T> wanted = input_matrix(target, "categorical_accuracy");
        same_shape(logits, wanted, "categorical_accuracy");
        check(logits.cols >= 1, "categorical_accuracy", "expected at least one column");
        T* correct = vector_out(row_correct, logits.rows, "categorical_accuracy");
        on_team(threads, [&](Team& team) { categorical_accuracy<T>(team, correct, logits, wanted); });
      },
      py::arg("row_correct").noconvert(), py::arg("z").noconvert(), py::arg("target").noconvert(),
      py::arg("threads") = 1);
}

}  // namespace

void bind_loss_kernels(py::module_& m) {
  bind_losses<float>(m);
  bind_losses<double>(m);
}

}  // namespace fastdnn::bindings
