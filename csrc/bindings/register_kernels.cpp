#include <pybind11/stl.h>

#include <optional>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/register.h"
#include "core/team.h"
#include "kernels/accuracy.h"
#include "kernels/activation.h"
#include "kernels/column_sum.h"
#include "kernels/cross_entropy.h"
#include "kernels/gather.h"
#include "kernels/gemm.h"
#include "kernels/normalize.h"
#include "kernels/softmax.h"
#include "kernels/squared_error.h"
#include "kernels/update.h"

namespace fastdnn::bindings {
namespace {

// Outputs first, then inputs, then options, as in fastdnn.reference; here the outputs are written in place.

template <class A, class B>
void same_shape(const Matrix<A>& a, const Matrix<B>& b, const char* where) {
  check(a.rows == b.rows && a.cols == b.cols, where, "expected (", a.rows, ", ", a.cols, "), got (", b.rows,
        ", ", b.cols, ")");
}

template <class T>
const T* vector_of(const Array<T>& array, Index n, const char* where) {
  check(array.ndim() == 1 && array.shape(0) == n && (n <= 1 || array.strides(0) == sizeof(T)) &&
            is_aligned(array),
        where, "expected a contiguous vector of ", n);
  return array.data();
}

template <class T>
T* vector_out(Array<T>& array, Index n, const char* where) {
  check(array.writeable(), where, "expected an array that can be written");
  return const_cast<T*>(vector_of(array, n, where));
}

template <class T>
using Optional = std::optional<Array<T>>;

template <class T>
const T* optional_vector(const Optional<T>& array, Index n, const char* where) {
  return array ? vector_of(*array, n, where) : nullptr;
}

template <class Body>
void on_team(int threads, const Body& body) {
  const py::gil_scoped_release release;
  run_team(threads, body);
}

Epilogue epilogue_from(const std::string& name) {
  if (name == "none") return Epilogue::none;
  if (name == "bias") return Epilogue::bias;
  if (name == "bias_relu") return Epilogue::bias_relu;
  if (name == "relu_mask") return Epilogue::relu_mask;
  check(name == "accumulate", "gemm", "expected an epilogue, got '", name, "'");
  return Epilogue::accumulate;
}

template <class T>
void bind_gemm(py::module_& m) {
  m.def(
      "gemm",
      [](Array<T> c, const Array<T>& a, const Array<T>& b, bool transpose_a, bool transpose_b,
         const std::string& epilogue, const Optional<T>& bias, const Optional<T>& mask, int threads,
         bool by_rows, Index repeat) {
        Gemm<T> g{output_matrix(c, "gemm"), input_matrix(a, "gemm"), input_matrix(b, "gemm")};
        g.transpose_a = transpose_a;
        g.transpose_b = transpose_b;
        g.epilogue = epilogue_from(epilogue);
        const Index k = transpose_a ? g.a.rows : g.a.cols;
        check((transpose_a ? g.a.cols : g.a.rows) == g.c.rows &&
                  (transpose_b ? g.b.rows : g.b.cols) == g.c.cols && (transpose_b ? g.b.cols : g.b.rows) == k,
              "gemm", "expected shapes of a product");
        const bool needs_bias = g.epilogue == Epilogue::bias || g.epilogue == Epilogue::bias_relu;
        check(needs_bias == bias.has_value(), "gemm", "expected a bias with, and only with, its epilogues");
        check((g.epilogue == Epilogue::relu_mask) == mask.has_value(), "gemm",
              "expected a mask with relu_mask only");
        g.bias = optional_vector(bias, g.c.cols, "gemm");
        if (mask) {
          g.mask = input_matrix(*mask, "gemm");
          same_shape(g.c, g.mask, "gemm");
        }
        const Index scratch = gemm_scratch_size<T>(k, transpose_b);
        const AlignedBuffer buffer(scratch * threads * static_cast<Index>(sizeof(T)));
        on_team(threads, [&](Team& team) {
          T* mine = reinterpret_cast<T*>(buffer.data()) + scratch * team.rank();
          for (Index i = 0; i < repeat; ++i) {
            if (by_rows) {
              gemm_by_rows(team, g, mine);
            } else {
              gemm(team, g, mine);
            }
            if (i + 1 < repeat) team.barrier();
          }
        });
      },
      py::arg("c").noconvert(), py::arg("a").noconvert(), py::arg("b").noconvert(),
      py::arg("transpose_a") = false, py::arg("transpose_b") = false, py::arg("epilogue") = "none",
      py::arg("bias") = py::none(), py::arg("mask") = py::none(), py::arg("threads") = 1,
      py::arg("by_rows") = false, py::arg("repeat") = 1);
}

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
      "relu",
      [](Array<T> y, In x, int threads) {
        const Matrix<T> out = output_matrix(y, "relu");
        const Matrix<const T> in = input_matrix(x, "relu");
        same_shape(out, in, "relu");
        on_team(threads, [&](Team& team) { relu_forward<T>(team, out, in); });
      },
      py::arg("y").noconvert(), py::arg("x").noconvert(), py::arg("threads") = 1);
  m.def(
      "relu_backward",
      [](Array<T> dx, In y, In dy, bool accumulate, int threads) {
        const Matrix<T> out = output_matrix(dx, "relu_backward");
        const Matrix<const T> value = input_matrix(y, "relu_backward");
        const Matrix<const T> gradient = input_matrix(dy, "relu_backward");
        same_shape(out, value, "relu_backward");
        same_shape(out, gradient, "relu_backward");
        on_team(threads, [&](Team& team) { relu_backward<T>(team, out, value, gradient, accumulate); });
      },
      py::arg("dx").noconvert(), py::arg("y").noconvert(), py::arg("dy").noconvert(),
      py::arg("accumulate") = false, py::arg("threads") = 1);
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
  m.def(
      "softmax",
      [](Array<T> y, In x, int threads) {
        const Matrix<T> out = output_matrix(y, "softmax");
        const Matrix<const T> in = input_matrix(x, "softmax");
        same_shape(out, in, "softmax");
        check(in.cols >= 1, "softmax", "expected at least one column");
        on_team(threads, [&](Team& team) { softmax_forward<T>(team, out, in); });
      },
      py::arg("y").noconvert(), py::arg("x").noconvert(), py::arg("threads") = 1);
  m.def(
      "softmax_backward",
      [](Array<T> dx, In y, In dy, bool accumulate, int threads) {
        const Matrix<T> out = output_matrix(dx, "softmax_backward");
        const Matrix<const T> value = input_matrix(y, "softmax_backward");
        const Matrix<const T> gradient = input_matrix(dy, "softmax_backward");
        same_shape(out, value, "softmax_backward");
        same_shape(out, gradient, "softmax_backward");
        on_team(threads, [&](Team& team) { softmax_backward<T>(team, out, value, gradient, accumulate); });
      },
      py::arg("dx").noconvert(), py::arg("y").noconvert(), py::arg("dy").noconvert(),
      py::arg("accumulate") = false, py::arg("threads") = 1);
}

const std::int32_t* checked_labels(const Array<std::int32_t>& labels, Index rows, Index classes,
                                   const char* where) {
  const std::int32_t* data = vector_of(labels, rows, where);
  for (Index r = 0; r < rows; ++r) {
    check(data[r] >= 0 && data[r] < classes, where, "expected labels below ", classes, ", got ", data[r],
          " in row ", r);
  }
  return data;
}

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

template <class T>
void bind_gather(py::module_& m) {
  m.def(
      "gather",
      [](Array<T> y, const Array<T>& x, const Array<std::int32_t>& order, int threads) {
        const Matrix<T> out = output_matrix(y, "gather");
        const Matrix<const T> in = input_matrix(x, "gather");
        check(out.cols == in.cols, "gather", "expected ", in.cols, " columns, got ", out.cols);
        const std::int32_t* rows = checked_labels(order, out.rows, in.rows, "gather");
        on_team(threads, [&](Team& team) { gather<T>(team, out, in, rows); });
      },
      py::arg("y").noconvert(), py::arg("x").noconvert(), py::arg("order").noconvert(),
      py::arg("threads") = 1);
}

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

void register_kernels(py::module_& m) {
  bind_gemm<float>(m);
  bind_gemm<double>(m);
  bind_pointwise<float>(m);
  bind_pointwise<double>(m);
  bind_losses<float>(m);
  bind_losses<double>(m);
  bind_gather<float>(m);
  bind_gather<double>(m);
  bind_gather<std::int32_t>(m);
  bind_updates<float>(m);
  bind_updates<double>(m);
}

}  // namespace fastdnn::bindings
