#include "kernels/activation.h"
#include "kernels/normalize.h"
#include "tests.h"

namespace fastdnn::native {

template <class T>
void bias(Case& c) {
  const auto x = c.reals<T>(c.rows, c.cols, 3);
  const auto b = c.reals<T>(1, c.cols);
  const auto y = c.blank<T>(c.rows, c.cols, 3);
  c.run([&](Team& team) { add_bias<T>(team, y, x, b.data()); });
  c.check("y", y, [&](Index i, Index j) { return x(i, j) + b[j]; });
}

template <class T>
void relu(Case& c) {
  const auto x = c.reals<T>(c.rows, c.cols, 3);
  const auto y = c.copy(x);
  c.run([&](Team& team) { relu_forward<T>(team, y, y); });  // in place
  c.check("y", y, [&](Index i, Index j) { return x(i, j) < 0 ? T{0} : x(i, j); });
}

// relu_backward and pass_gradient, written and added.
template <class T>
void gradients(Case& c) {
  const auto y = c.integers<T>(c.rows, c.cols, 0, 1);
  const auto dy = c.reals<T>(c.rows, c.cols, 3);
  for (const bool accumulate : {false, true}) {
    const auto before = c.reals<T>(c.rows, c.cols);
    const auto dx = accumulate ? c.copy(before) : c.blank<T>(c.rows, c.cols);
    const auto passed = c.copy(dx);
    c.run([&](Team& team) {
      relu_backward<T>(team, dx, y, dy, accumulate);
      pass_gradient<T>(team, passed, dy, accumulate);
    });
    const auto start = [&](Index i, Index j) { return accumulate ? before(i, j) : T{0}; };
    const std::string name = accumulate ? "dx, added" : "dx";
    c.check("relu's " + name, dx,
            [&](Index i, Index j) { return start(i, j) + (y(i, j) <= 0 ? T{0} : dy(i, j)); });
    c.check("passed " + name, passed, [&](Index i, Index j) { return start(i, j) + dy(i, j); });
  }
}

template <class T>
void normalization(Case& c) {
  const auto x = c.reals<T>(c.rows, c.cols, 3);
  const auto mean = c.reals<T>(1, c.cols);
  const auto std = c.reals<T>(1, c.cols);
  for (Index j = 0; j < c.cols; ++j) std[j] = T{1} + std[j] * std[j];
  const auto y = c.blank<T>(c.rows, c.cols, 3);
  const auto dx = c.copy(x);
  c.run([&](Team& team) {
    normalize_forward<T>(team, y, x, mean.data(), std.data());
    normalize_backward<T>(team, dx, x, std.data(), true);
  });
  c.check("y", y, [&](Index i, Index j) { return (x(i, j) - mean[j]) / std[j]; });
  c.check("dx", dx, [&](Index i, Index j) { return x(i, j) + x(i, j) / std[j]; });
}

template void bias<float>(Case&);
template void bias<double>(Case&);
template void relu<float>(Case&);
template void relu<double>(Case&);
template void gradients<float>(Case&);
template void gradients<double>(Case&);
template void normalization<float>(Case&);
template void normalization<double>(Case&);

}  // namespace fastdnn::native
