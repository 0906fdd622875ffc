#include <cmath>

#include "bindings/kernel_arguments.h"
#include "isa/table.h"
#include "kernels/activation.h"
#include "kernels/maxout.h"
#include "kernels/prelu.h"

namespace fastdnn::bindings {
namespace {

struct Named {
  Activation f;
  const char* name;
  double alpha;  // the default; NaN: there is none
};
constexpr double kNone = __builtin_nan("");
constexpr Named kNamed[kActivations] = {
    {Activation::relu, "relu", kNone},
    {Activation::leaky_relu, "leaky_relu", 0.1},
    {Activation::elu, "elu", 1.0},
    {Activation::selu, "selu", kNone},
    {Activation::sigmoid, "sigmoid", kNone},
    {Activation::tanh, "tanh", kNone},
    {Activation::softplus, "softplus", kNone},
    {Activation::silu, "silu", kNone},
    {Activation::gelu, "gelu", kNone},
    {Activation::gelu_tanh, "gelu_tanh", kNone},
};

template <class T>
T checked_alpha(double alpha, const char* where) {
  const T value = static_cast<T>(alpha);
  check(std::isfinite(value) && value >= 0, where, "expected a finite alpha >= 0, got ", alpha);
  return value;
}

template <class T>
void bind_activation(py::module_& m, const Named& named) {
  using In = const Array<T>&;
  const char* name = named.name;
  const Activation f = named.f;
  const auto forward = [name, f](Array<T> y, In x, double alpha, int threads) {
    const Matrix<T> out = output_matrix(y, name);
    const Matrix<const T> in = input_matrix(x, name);
    same_shape(out, in, name);
    const T a = checked_alpha<T>(alpha, name);
    on_team(threads, [&](Team& team) { activation_forward<T>(team, out, in, f, a); });
  };
  const std::string backward_name = std::string(name) + "_backward";
  const auto backward = [backward_name, f](Array<T> dx, In saved, In dy, double alpha, bool accumulate,
                                           int threads) {
    const char* where = backward_name.c_str();
    const Matrix<T> out = output_matrix(dx, where);
    const Matrix<const T> value = input_matrix(saved, where);
    const Matrix<const T> gradient = input_matrix(dy, where);
    same_shape(out, value, where);
    same_shape(out, gradient, where);
    const T a = checked_alpha<T>(alpha, where);
    on_team(threads,
            [&](Team& team) { activation_backward<T>(team, out, value, gradient, f, a, accumulate); });
  };
  const auto y = py::arg("y").noconvert();
  const auto x = py::arg("x").noconvert();
  const auto dx = py::arg("dx").noconvert();
  const auto dy = py::arg("dy").noconvert();
  const auto saved = saves_input(f) ? x : y;
  const auto accumulate = py::arg("accumulate") = false;
  const auto threads = py::arg("threads") = 1;
  if (std::isnan(named.alpha)) {
    m.def(name, [forward](Array<T> out, In in, int n) { forward(std::move(out), in, 0, n); }, y, x, threads);
    m.def(
        backward_name.c_str(),
        [backward](Array<T> out, In value, In gradient, bool add, int n) {
          backward(std::move(out), value, gradient, 0, add, n);
        },
        dx, saved, dy, accumulate, threads);
  } else {
    const auto alpha = py::arg("alpha") = named.alpha;
    m.def(name, forward, y, x, alpha, threads);
    m.def(backward_name.c_str(), backward, dx, saved, dy, alpha, accumulate, threads);
  }
}

// The functions of isa/math.h by themselves.
template <class T>
void bind_function(py::module_& m, const char* name, Function f) {
  m.def(
      name,
      [name, f](Array<T> y, const Array<T>& x, int threads) {
        const Matrix<T> out = output_matrix(y, name);
        const Matrix<const T> in = input_matrix(x, name);
        same_shape(out, in, name);
        on_team(threads, [&](Team& team) {
          const Range rows = team.share(out.rows);
          kernels<T>().function[static_cast<int>(f)](rows_of(out, rows), rows_of(in, rows), 0);
        });
      },
      py::arg("y").noconvert(), py::arg("x").noconvert(), py::arg("threads") = 1);
}

template <class T>
void bind_prelu(py::module_& m) {
  using In = const Array<T>&;
  m.def(
      "prelu",
      [](Array<T> y, In x, In alpha, int threads) {
        const Matrix<T> out = output_matrix(y, "prelu");
        const Matrix<const T> in = input_matrix(x, "prelu");
        same_shape(out, in, "prelu");
        const T* a = vector_of(alpha, in.cols, "prelu");
        on_team(threads, [&](Team& team) { prelu_forward<T>(team, out, in, a); });
      },
      py::arg("y").noconvert(), py::arg("x").noconvert(), py::arg("alpha").noconvert(),
      py::arg("threads") = 1);
  m.def(
      "prelu_backward",
      [](Array<T> dx, In x, In dy, In alpha, bool accumulate, int threads) {
        const Matrix<T> out = output_matrix(dx, "prelu_backward");
        const Matrix<const T> in = input_matrix(x, "prelu_backward");
        const Matrix<const T> gradient = input_matrix(dy, "prelu_backward");
        same_shape(out, in, "prelu_backward");
        same_shape(out, gradient, "prelu_backward");
        const T* a = vector_of(alpha, in.cols, "prelu_backward");
        on_team(threads, [&](Team& team) { prelu_backward<T>(team, out, in, gradient, a, accumulate); });
      },
      py::arg("dx").noconvert(), py::arg("x").noconvert(), py::arg("dy").noconvert(),
      py::arg("alpha").noconvert(), py::arg("accumulate") = false, py::arg("threads") = 1);
  m.def(
      "prelu_dalpha",
      [](Array<T> dalpha, In x, In dy, bool accumulate, int threads) {
        const Matrix<const T> in = input_matrix(x, "prelu_dalpha");
        const Matrix<const T> gradient = input_matrix(dy, "prelu_dalpha");
        same_shape(in, gradient, "prelu_dalpha");
        T* out = vector_out(dalpha, in.cols, "prelu_dalpha");
        on_team(threads, [&](Team& team) { prelu_dalpha<T>(team, out, in, gradient, accumulate); });
      },
      py::arg("dalpha").noconvert(), py::arg("x").noconvert(), py::arg("dy").noconvert(),
      py::arg("accumulate") = false, py::arg("threads") = 1);
}

// x (rows, k n) against y (rows, n).
template <class A, class B>
void check_pieces(const Matrix<A>& x, const Matrix<B>& y, const char* where) {
  const bool whole = y.cols == 0 ? x.cols == 0 : x.cols > 0 && x.cols % y.cols == 0;
  check(x.rows == y.rows && whole, where, "expected (", y.rows, ", a multiple of ", y.cols, "), got (",
        x.rows, ", ", x.cols, ")");
}

template <class T>
void bind_maxout(py::module_& m) {
  using In = const Array<T>&;
  m.def(
      "maxout",
      [](Array<T> y, In x, int threads) {
        const Matrix<T> out = output_matrix(y, "maxout");
        const Matrix<const T> in = input_matrix(x, "maxout");
        check_pieces(in, out, "maxout");
        on_team(threads, [&](Team& team) { maxout_forward<T>(team, out, in); });
      },
      py::arg("y").noconvert(), py::arg("x").noconvert(), py::arg("threads") = 1);
  m.def(
      "maxout_backward",
      [](Array<T> dx, In x, In dy, bool accumulate, int threads) {
        const Matrix<T> out = output_matrix(dx, "maxout_backward");
        const Matrix<const T> in = input_matrix(x, "maxout_backward");
        const Matrix<const T> gradient = input_matrix(dy, "maxout_backward");
        same_shape(out, in, "maxout_backward");
        check_pieces(in, gradient, "maxout_backward");
        on_team(threads, [&](Team& team) { maxout_backward<T>(team, out, in, gradient, accumulate); });
      },
      py::arg("dx").noconvert(), py::arg("x").noconvert(), py::arg("dy").noconvert(),
      py::arg("accumulate") = false, py::arg("threads") = 1);
  m.def(
      "hardmax",
      [](Array<T> y, In x, int threads) {
        const Matrix<T> out = output_matrix(y, "hardmax");
        const Matrix<const T> in = input_matrix(x, "hardmax");
        same_shape(out, in, "hardmax");
        check(in.cols >= 1, "hardmax", "expected at least one column");
        on_team(threads, [&](Team& team) { hardmax<T>(team, out, in); });
      },
      py::arg("y").noconvert(), py::arg("x").noconvert(), py::arg("threads") = 1);
}

template <class T>
void bind_all(py::module_& m) {
  for (const Named& named : kNamed) bind_activation<T>(m, named);
  bind_function<T>(m, "exp", Function::exp);
  bind_function<T>(m, "expm1", Function::expm1);
  bind_function<T>(m, "log", Function::log);
  bind_function<T>(m, "log1p", Function::log1p);
  bind_function<T>(m, "erf", Function::erf);
  bind_prelu<T>(m);
  bind_maxout<T>(m);
}

}  // namespace

void bind_activation_kernels(py::module_& m) {
  bind_all<float>(m);
  bind_all<double>(m);
}

}  // namespace fastdnn::bindings
