#include "kernels/accuracy.h"
#include "kernels/gather.h"
#include "kernels/log_softmax.h"
#include "kernels/logistic_normalize.h"
#include "kernels/softmax.h"
#include "softmax_error.h"
#include "tests.h"

namespace fastdnn::native {

template <class T>
void softmax(Case& c) {
  const auto x = c.reals<T>(c.rows, c.cols, 3);
  const auto y = c.blank<T>(c.rows, c.cols, 3);
  const auto dy = c.integers<T>(c.rows, c.cols);
  const auto one = c.copy(dy);
  for (Index i = 0; i < c.rows; ++i) {
    for (Index j = 0; j < c.cols; ++j) one(i, j) = j == 0;
  }
  const auto dx = c.blank<T>(c.rows, c.cols, 3);
  c.run([&](Team& team) {
    softmax_forward<T>(team, y, x);
    softmax_backward<T>(team, dx, one, dy, false);
  });
  std::vector<SoftmaxRow<T>> rows;
  for (Index i = 0; i < c.rows; ++i) rows.emplace_back(x.matrix().row(i), c.cols);
  const auto row = [&](Index i) -> const SoftmaxRow<T>& { return rows[static_cast<std::size_t>(i)]; };
  c.check(
      "y", y, [&](Index i, Index j) { return row(i).value(j); },
      [&](Index i, Index j) { return row(i).value(j) * row(i).of_value(j); });
  // Of a row that is 1, 0, 0, ... the gradient is exact: y (dy - dy[0]).
  c.check("dx", dx, [&](Index i, Index j) { return one(i, j) * (dy(i, j) - dy(i, 0)); });
}

// Of a y of zeros log_softmax's gradient is exact; of a y of 1, 0, 0, ... and x = 0 logistic_normalize's.
template <class T>
void log_softmaxes(Case& c) {
  constexpr double u = roundoff<T>();
  const auto x = c.reals<T>(c.rows, c.cols, 3);
  const auto log_y = c.blank<T>(c.rows, c.cols, 3);
  const auto y = c.copy(x);
  const auto dy = c.integers<T>(c.rows, c.cols);
  const auto zero = c.copy(dy);
  const auto one = c.copy(dy);
  for (Index i = 0; i < c.rows; ++i) {
    for (Index j = 0; j < c.cols; ++j) {
      zero(i, j) = 0;
      one(i, j) = j == 0;
    }
  }
  const auto log_dx = c.blank<T>(c.rows, c.cols, 3);
  const auto dx = c.copy(dy);
  c.run([&](Team& team) {
    log_softmax_forward<T>(team, log_y, x);
    log_softmax_backward<T>(team, log_dx, zero, dy, false);
    logistic_normalize_forward<T>(team, y, y);  // in place
    logistic_normalize_backward<T>(team, dx, one, zero, dy, true);
  });
  const auto of = [&](Index i, Index j) { return static_cast<double>(x(i, j)); };
  std::vector<SoftmaxRow<T>> rows;
  for (Index i = 0; i < c.rows; ++i) rows.emplace_back(x.matrix().row(i), c.cols);
  const auto row = [&](Index i) -> const SoftmaxRow<T>& { return rows[static_cast<std::size_t>(i)]; };
  const auto log_want = [&](Index i, Index j) { return of(i, j) - row(i).max - std::log(row(i).sum); };
  c.check("log_softmax", log_y, log_want, [&](Index i, Index j) {
    return 1.01 * (row(i).of_log() + u * (row(i).max - of(i, j) + std::abs(log_want(i, j))));
  });
  const auto total = [&](Index i) {
    T sum = 0;
    for (Index j = 0; j < c.cols; ++j) sum += dy(i, j);
    return sum;
  };
  c.check("log_softmax_backward", log_dx, [&](Index i, Index j) { return dy(i, j) - total(i); });
  const auto s = [](double value) { return 1 / (1 + std::exp(-value)); };
  const auto want = [&](Index i, Index j) {
    double sum = 0;
    for (Index k = 0; k < c.cols; ++k) sum += s(of(i, k));
    return s(of(i, j)) / sum;
  };
  c.check("logistic_normalize", y, want,
          [&](Index i, Index j) {  // exp has 4 roundoffs; two divisions; the sum
            return (static_cast<double>(c.cols) / 8 + 32) * u * want(i, j);
          });
  c.check("logistic_normalize_backward", dx,
          [&](Index i, Index j) { return dy(i, j) + one(i, j) / 2 * (dy(i, j) - dy(i, 0)); });
}

template <class T>
void accuracies(Case& c) {
  const auto z = c.integers<T>(c.rows, c.cols, 3, 2);  // with equal values, of which the first counts
  const auto target = c.integers<T>(c.rows, c.cols, 0, 2);
  const auto argmax = [&](const Array<T>& x, Index i) {
    Index best = 0;
    for (Index j = 1; j < c.cols; ++j) best = x(i, j) > x(i, best) ? j : best;
    return best;
  };
  const Array<std::int32_t> labels(1, c.rows, c.edge);
  for (Index i = 0; i < c.rows; ++i) labels[i] = static_cast<std::int32_t>(argmax(target, i));
  const auto sparse = c.blank<T>(1, c.rows);
  const auto categorical = c.blank<T>(1, c.rows);
  const auto sparse_top = c.blank<T>(1, c.rows);
  const auto categorical_top = c.blank<T>(1, c.rows);
  const auto binary = c.blank<T>(1, c.rows);
  constexpr Index kTop = 3;
  c.run([&](Team& team) {
    sparse_accuracy<T>(team, sparse.data(), z, labels.data());
    categorical_accuracy<T>(team, categorical.data(), z, target);
    sparse_top_k_accuracy<T>(team, sparse_top.data(), z, labels.data(), kTop);
    categorical_top_k_accuracy<T>(team, categorical_top.data(), z, target, kTop);
    binary_accuracy<T>(team, binary.data(), z, target, T(0), T(1));
  });
  const auto want = [&](Index, Index i) { return argmax(z, i) == argmax(target, i) ? 1.0 : 0.0; };
  c.check("sparse", sparse, want);
  c.check("categorical", categorical, want);
  const auto count = [&](auto counts) {
    Index sum = 0;
    for (Index j = 0; j < c.cols; ++j) sum += counts(j);
    return sum;
  };
  const auto among = [&](Index, Index i) {
    return count([&](Index j) { return z(i, j) > z(i, labels[i]); }) < kTop ? 1.0 : 0.0;
  };
  c.check("sparse, top k", sparse_top, among);
  c.check("categorical, top k", categorical_top, among);
  c.check("binary", binary, [&](Index, Index i) {
    const Index right = count([&](Index j) { return (z(i, j) > 0) == (target(i, j) > 1); });
    return static_cast<T>(right) / static_cast<T>(c.cols);
  });
}

template <class T>
void gathering(Case& c) {
  const auto x = c.reals<T>(c.rows, c.cols);
  const auto y = c.blank<T>(c.rows + 2, c.cols);
  const Array<std::int32_t> order(1, y.rows(), c.edge);
  for (Index i = 0; i < y.rows(); ++i) order[i] = static_cast<std::int32_t>(c.random.integer(0, c.rows - 1));
  c.run([&](Team& team) { gather<T>(team, y, x, order.data()); });
  c.check("y", y, [&](Index i, Index j) { return x(order[i], j); });
}

template void softmax<float>(Case&);
template void softmax<double>(Case&);
template void log_softmaxes<float>(Case&);
template void log_softmaxes<double>(Case&);
template void accuracies<float>(Case&);
template void accuracies<double>(Case&);
template void gathering<float>(Case&);
template void gathering<double>(Case&);

}  // namespace fastdnn::native
