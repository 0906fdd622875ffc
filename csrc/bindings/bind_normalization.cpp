#include "bindings/kernel_arguments.h"
#include "kernels/batch_norm.h"
#include "kernels/layer_norm.h"

namespace fastdnn::bindings {
namespace {

template <class T>
T checked_epsilon(double epsilon, const char* where) {
  check(epsilon >= 0 && epsilon < 1e30, where, "expected a finite epsilon >= 0, got ", epsilon);
  return static_cast<T>(epsilon);
}

// The partial results of a batch like x.
template <class T>
Matrix<T> partial_of(Array<T>& array, const Matrix<const T>& x, const char* where) {
  check(x.rows >= 1, where, "expected at least one row");
  const Matrix<T> partial = output_matrix(array, where);
  same_shape(partial, Matrix<T>{nullptr, batch_norm_partial_rows(x.rows), x.cols, 0}, where);
  return partial;
}

template <class T>
void bind_batch_norm_training(py::module_& m) {
  using In = const Array<T>&;
  m.def(
      "batch_norm",
      [](Array<T> y, Array<T> mean, Array<T> variance, Array<T> rstd, Array<T> partial, In x,
         const Optional<T>& gamma, const Optional<T>& beta, double epsilon, bool relu, int threads) {
        const char* where = "batch_norm";
        const Matrix<T> out = output_matrix(y, where);
        const Matrix<const T> in = input_matrix(x, where);
        same_shape(out, in, where);
        T* mu = vector_out(mean, in.cols, where);
        T* var = vector_out(variance, in.cols, where);
        T* r = vector_out(rstd, in.cols, where);
        const Matrix<T> part = partial_of(partial, in, where);
        const T* g = optional_vector(gamma, in.cols, where);
        const T* b = optional_vector(beta, in.cols, where);
        const T e = checked_epsilon<T>(epsilon, where);
        on_team(threads, [&](Team& team) {
          batch_norm_partials<T>(team, part, in);
          team.barrier();
          batch_norm_moments<T>(team, mu, var, r, part, in, e);
          team.barrier();
          batch_norm_forward<T>(team, out, in, mu, r, g, b, relu);
        });
      },
      py::arg("y").noconvert(), py::arg("mean").noconvert(), py::arg("variance").noconvert(),
      py::arg("rstd").noconvert(), py::arg("partial").noconvert(), py::arg("x").noconvert(),
      py::arg("gamma").noconvert().none(true) = py::none(),
      py::arg("beta").noconvert().none(true) = py::none(), py::arg("epsilon") = 1e-3, py::arg("relu") = false,
      py::arg("threads") = 1);
  m.def(
      "batch_norm_running",
      [](Array<T> running_mean, Array<T> running_variance, In mean, In variance, double momentum,
         int threads) {
        const char* where = "batch_norm_running";
        const Index cols = mean.ndim() == 1 ? mean.shape(0) : -1;
        T* kept_mean = vector_out(running_mean, cols, where);
        T* kept_variance = vector_out(running_variance, cols, where);
        const T* mu = vector_of(mean, cols, where);
        const T* var = vector_of(variance, cols, where);
        check(momentum >= 0 && momentum <= 1, where, "expected 0 <= momentum <= 1, got ", momentum);
        on_team(threads, [&](Team& team) {
          batch_norm_running<T>(team, kept_mean, kept_variance, mu, var, cols, momentum);
        });
      },
      py::arg("running_mean").noconvert(), py::arg("running_variance").noconvert(),
      py::arg("mean").noconvert(), py::arg("variance").noconvert(), py::arg("momentum") = 0.9,
      py::arg("threads") = 1);
  m.def(
      "batch_norm_backward",
      [](Array<T> dx, Array<T> dgamma, Array<T> dbeta, Array<T> partial, const Optional<T>& y, In dy, In x,
         In mean, In rstd, const Optional<T>& gamma, bool accumulate, int threads) {
        const char* where = "batch_norm_backward";
        BatchNormGradient<T> p{};
        p.dx = output_matrix(dx, where);
        p.x = input_matrix(x, where);
        p.dy = input_matrix(dy, where);
        if (y) {
          p.y = input_matrix(*y, where);
          same_shape(p.y, p.x, where);
        }
        same_shape(p.dx, p.x, where);
        same_shape(p.dy, p.x, where);
        const Index cols = p.x.cols;
        T* gamma_sums = vector_out(dgamma, cols, where);
        T* beta_sums = vector_out(dbeta, cols, where);
        p.dgamma = gamma_sums;
        p.dbeta = beta_sums;
        p.mean = vector_of(mean, cols, where);
        p.rstd = vector_of(rstd, cols, where);
        p.gamma = optional_vector(gamma, cols, where);
        p.accumulate = accumulate;
        const Matrix<T> part = partial_of(partial, p.x, where);
        on_team(threads, [&](Team& team) {
          batch_norm_backward_partials<T>(team, part, p.y, p.dy, p.x, p.mean);
          team.barrier();
          batch_norm_backward_sums<T>(team, gamma_sums, beta_sums, part, p.rstd);
          team.barrier();
          batch_norm_backward<T>(team, p);
        });
      },
      py::arg("dx").noconvert(), py::arg("dgamma").noconvert(), py::arg("dbeta").noconvert(),
      py::arg("partial").noconvert(), py::arg("y").noconvert().none(true), py::arg("dy").noconvert(),
      py::arg("x").noconvert(), py::arg("mean").noconvert(), py::arg("rstd").noconvert(),
      py::arg("gamma").noconvert().none(true) = py::none(), py::arg("accumulate") = false,
      py::arg("threads") = 1);
}

template <class T>
void bind_batch_norm_inference(py::module_& m) {
  using In = const Array<T>&;
  m.def(
      "batch_norm_fold",
      [](Array<T> scale, Array<T> shift, const Optional<T>& gamma, const Optional<T>& beta, In running_mean,
         In running_variance, double epsilon, int threads) {
        const char* where = "batch_norm_fold";
        const Index cols = running_mean.ndim() == 1 ? running_mean.shape(0) : -1;
        T* a = vector_out(scale, cols, where);
        T* b = vector_out(shift, cols, where);
        const T* g = optional_vector(gamma, cols, where);
        const T* offset = optional_vector(beta, cols, where);
        const T* mu = vector_of(running_mean, cols, where);
        const T* var = vector_of(running_variance, cols, where);
        const T e = checked_epsilon<T>(epsilon, where);
        on_team(threads, [&](Team& team) { batch_norm_fold<T>(team, a, b, g, offset, mu, var, cols, e); });
      },
      py::arg("scale").noconvert(), py::arg("shift").noconvert(), py::arg("gamma").noconvert().none(true),
      py::arg("beta").noconvert().none(true), py::arg("running_mean").noconvert(),
      py::arg("running_variance").noconvert(), py::arg("epsilon") = 1e-3, py::arg("threads") = 1);
  m.def(
      "batch_norm_inference",
      [](Array<T> y, In x, In scale, In shift, bool relu, int threads) {
        const char* where = "batch_norm_inference";
        const Matrix<T> out = output_matrix(y, where);
        const Matrix<const T> in = input_matrix(x, where);
        same_shape(out, in, where);
        const T* a = vector_of(scale, in.cols, where);
        const T* b = vector_of(shift, in.cols, where);
        on_team(threads, [&](Team& team) { batch_norm_inference<T>(team, out, in, a, b, relu); });
      },
      py::arg("y").noconvert(), py::arg("x").noconvert(), py::arg("scale").noconvert(),
      py::arg("shift").noconvert(), py::arg("relu") = false, py::arg("threads") = 1);
}

template <class T>
void bind_batch_norm_inference_backward(py::module_& m) {
  m.def(
      "batch_norm_inference_backward",
      [](Array<T> dx, const Optional<T>& y, const Array<T>& dy, const Array<T>& scale, bool accumulate,
         int threads) {
        const char* where = "batch_norm_inference_backward";
        const Matrix<T> out = output_matrix(dx, where);
        const Matrix<const T> gradient = input_matrix(dy, where);
        same_shape(out, gradient, where);
        Matrix<const T> value{};
        if (y) {
          value = input_matrix(*y, where);
          same_shape(out, value, where);
        }
        const T* a = vector_of(scale, out.cols, where);
        on_team(threads, [&](Team& team) {
          batch_norm_inference_backward<T>(team, out, value, gradient, a, accumulate);
        });
      },
      py::arg("dx").noconvert(), py::arg("y").noconvert().none(true), py::arg("dy").noconvert(),
      py::arg("scale").noconvert(), py::arg("accumulate") = false, py::arg("threads") = 1);
}

template <class T>
void bind_layer_norm(py::module_& m) {
  using In = const Array<T>&;
  m.def(
      "layer_norm",
      [](Array<T> y, Optional<T> mean, Optional<T> rstd, In x, const Optional<T>& gamma,
         const Optional<T>& beta, double epsilon, int threads) {
        const char* where = "layer_norm";
        const Matrix<T> out = output_matrix(y, where);
        const Matrix<const T> in = input_matrix(x, where);
        same_shape(out, in, where);
        check(in.cols >= 1, where, "expected at least one column");
        T* mu = mean ? vector_out(*mean, in.rows, where) : nullptr;
        T* r = rstd ? vector_out(*rstd, in.rows, where) : nullptr;
        const T* g = optional_vector(gamma, in.cols, where);
        const T* b = optional_vector(beta, in.cols, where);
        const T e = checked_epsilon<T>(epsilon, where);
        on_team(threads, [&](Team& team) { layer_norm_forward<T>(team, out, mu, r, in, g, b, e); });
      },
      py::arg("y").noconvert(), py::arg("mean").noconvert().none(true),
      py::arg("rstd").noconvert().none(true), py::arg("x").noconvert(),
      py::arg("gamma").noconvert().none(true) = py::none(),
      py::arg("beta").noconvert().none(true) = py::none(), py::arg("epsilon") = 1e-3, py::arg("threads") = 1);
  m.def(
      "layer_norm_backward",
      [](Array<T> dx, In dy, In x, In mean, In rstd, const Optional<T>& gamma, bool accumulate, int threads) {
        const char* where = "layer_norm_backward";
        LayerNormGradient<T> p{};
        p.dx = output_matrix(dx, where);
        p.dy = input_matrix(dy, where);
        p.x = input_matrix(x, where);
        same_shape(p.dx, p.x, where);
        same_shape(p.dy, p.x, where);
        p.mean = vector_of(mean, p.x.rows, where);
        p.rstd = vector_of(rstd, p.x.rows, where);
        p.gamma = optional_vector(gamma, p.x.cols, where);
        p.accumulate = accumulate;
        on_team(threads, [&](Team& team) { layer_norm_backward<T>(team, p); });
      },
      py::arg("dx").noconvert(), py::arg("dy").noconvert(), py::arg("x").noconvert(),
      py::arg("mean").noconvert(), py::arg("rstd").noconvert(),
      py::arg("gamma").noconvert().none(true) = py::none(), py::arg("accumulate") = false,
      py::arg("threads") = 1);
  m.def(
      "layer_norm_backward_sums",
      [](Optional<T> dgamma, Optional<T> dbeta, In dy, In x, In mean, In rstd, bool accumulate, int threads) {
        const char* where = "layer_norm_backward_sums";
        const Matrix<const T> gradient = input_matrix(dy, where);
        const Matrix<const T> in = input_matrix(x, where);
        same_shape(gradient, in, where);
        T* gamma_sums = dgamma ? vector_out(*dgamma, in.cols, where) : nullptr;
        T* beta_sums = dbeta ? vector_out(*dbeta, in.cols, where) : nullptr;
        const T* mu = vector_of(mean, in.rows, where);
        const T* r = vector_of(rstd, in.rows, where);
        on_team(threads, [&](Team& team) {
          layer_norm_backward_sums<T>(team, gamma_sums, beta_sums, gradient, in, mu, r, accumulate);
        });
      },
      py::arg("dgamma").noconvert().none(true), py::arg("dbeta").noconvert().none(true),
      py::arg("dy").noconvert(), py::arg("x").noconvert(), py::arg("mean").noconvert(),
      py::arg("rstd").noconvert(), py::arg("accumulate") = false, py::arg("threads") = 1);
}

template <class T>
void bind_normalization(py::module_& m) {
  bind_batch_norm_training<T>(m);
  bind_batch_norm_inference<T>(m);
  bind_batch_norm_inference_backward<T>(m);
  bind_layer_norm<T>(m);
}

}  // namespace

void bind_normalization_kernels(py::module_& m) {
  m.def("batch_norm_partial_rows", &batch_norm_partial_rows, py::arg("rows"));
  bind_normalization<float>(m);
  bind_normalization<double>(m);
}

}  // namespace fastdnn::bindings
