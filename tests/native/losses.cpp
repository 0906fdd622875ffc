#include "kernels/cross_entropy.h"
#include "kernels/squared_error.h"
#include "softmax_error.h"
#include "tests.h"

namespace fastdnn::native {
namespace {

constexpr double kScale = 0.125;

template <class T>
std::vector<SoftmaxRow<T>> softmax_rows(const Array<T>& z) {
  std::vector<SoftmaxRow<T>> rows;
  for (Index i = 0; i < z.rows(); ++i) rows.emplace_back(z.matrix().row(i), z.cols());
  return rows;
}

}  // namespace

template <class T>
void sparse_cross_entropies(Case& c) {
  const auto z = c.reals<T>(c.rows, c.cols, 3);
  const auto weights = c.integers<T>(1, c.rows);
  const Array<std::int32_t> labels(1, c.rows, c.edge);
  for (Index i = 0; i < c.rows; ++i) labels[i] = static_cast<std::int32_t>(c.random.integer(0, c.cols - 1));
  const auto loss = c.blank<T>(1, c.rows);
  const auto dz = c.blank<T>(c.rows, c.cols, 3);
  c.run([&](Team& team) {
    sparse_cross_entropy<T>(team, loss.data(), dz, z, labels.data(), weights.data(), static_cast<T>(kScale));
  });
  const auto softmax = softmax_rows(z);
  const auto row = [&](Index i) -> const SoftmaxRow<T>& { return softmax[static_cast<std::size_t>(i)]; };
  const auto total = [&](Index i) { return std::log(row(i).sum) + row(i).max; };
  c.check(
      "loss", loss, [&](Index, Index i) { return total(i) - static_cast<double>(z(i, labels[i])); },
      [&](Index, Index i) {
        const double difference = total(i) - static_cast<double>(z(i, labels[i]));
        return 1.01 * (row(i).of_log() + roundoff<T>() * std::abs(difference));
      });
  const auto hit = [&](Index i, Index j) { return labels[i] == j ? 1.0 : 0.0; };
  c.check(
      "dz", dz,
      [&](Index i, Index j) {
        return kScale * static_cast<double>(weights[i]) * (row(i).value(j) - hit(i, j));
      },
      [&](Index i, Index j) {  // weight / sum and the product with exp round; so does - weight
        const double p = row(i).value(j);
        return kScale * std::abs(static_cast<double>(weights[i])) *
               (p * (row(i).of_value(j) + 2 * roundoff<T>()) + 2 * roundoff<T>() * (p + hit(i, j)));
      });
}

template <class T>
void categorical_cross_entropies(Case& c) {
  const auto z = c.reals<T>(c.rows, c.cols, 3);
  const auto target = c.integers<T>(c.rows, c.cols, 0, 1);
  const auto weights = c.integers<T>(1, c.rows);
  const auto loss = c.blank<T>(1, c.rows);
  const auto dz = c.blank<T>(c.rows, c.cols, 3);
  c.run([&](Team& team) {
    categorical_cross_entropy<T>(team, loss.data(), dz, z, target, weights.data(), static_cast<T>(kScale));
  });
  const auto softmax = softmax_rows(z);
  const auto row = [&](Index i) -> const SoftmaxRow<T>& { return softmax[static_cast<std::size_t>(i)]; };
  const auto t = [&](Index i, Index j) { return static_cast<double>(target(i, j)); };
  const auto term = [&](Index i, Index j) {
    return t(i, j) * (std::log(row(i).sum) + row(i).max - static_cast<double>(z(i, j)));
  };
  const auto over_row = [&](Index i, const auto& value) {
    double sum = 0;
    for (Index j = 0; j < c.cols; ++j) sum += value(i, j);
    return sum;
  };
  const auto of_row = (static_cast<double>(c.cols) / 8 + 8) * roundoff<T>();
  c.check(
      "loss", loss, [&](Index, Index i) { return over_row(i, term); },
      [&](Index, Index i) {
        const auto error = [&](Index r, Index j) {
          return std::abs(t(r, j)) * row(r).of_log() + std::abs(term(r, j)) * (2 * roundoff<T>() + of_row);
        };
        return 1.01 * over_row(i, error);
      });
  c.check(
      "dz", dz,
      [&](Index i, Index j) {
        return kScale * static_cast<double>(weights[i]) * (row(i).value(j) * over_row(i, t) - t(i, j));
      },
      [&](Index i, Index j) {  // the mass is exact; mass / sum, the product, - t and the weight round
        const double pm = std::abs(row(i).value(j) * over_row(i, t));
        return 1.01 * kScale * std::abs(static_cast<double>(weights[i])) *
               (pm * (row(i).of_value(j) + 2 * roundoff<T>()) + 3 * roundoff<T>() * (pm + std::abs(t(i, j))));
      });
}

// On whole numbers and a power of two of columns all is exact; else the mean is off by its roundings.
template <class T>
void squared_errors(Case& c) {
  const auto y = c.integers<T>(c.rows, c.cols, 3);
  const auto target = c.integers<T>(c.rows, c.cols);
  const auto weights = c.integers<T>(1, c.rows);
  const auto loss = c.blank<T>(1, c.rows);
  const auto dy = c.copy(y);
  c.run([&](Team& team) {  // the gradient in place
    squared_error<T>(team, loss.data(), dy, dy, target, weights.data(), static_cast<T>(kScale));
  });
  const auto difference = [&](Index i, Index j) { return static_cast<double>(y(i, j) - target(i, j)); };
  const auto cols = static_cast<double>(c.cols);
  const auto mean = [&](Index, Index i) {
    double sum = 0;
    for (Index j = 0; j < c.cols; ++j) sum += difference(i, j) * difference(i, j);
    return sum / cols;
  };
  c.check("loss", loss, mean, [&](Index, Index i) { return 3 * roundoff<T>() * mean(0, i); });
  const auto gradient = [&](Index i, Index j) {
    return kScale * static_cast<double>(weights[i]) * 2 * difference(i, j) / cols;
  };
  c.check("dy", dy, gradient, [&](Index i, Index j) { return 4 * roundoff<T>() * std::abs(gradient(i, j)); });
}

template void sparse_cross_entropies<float>(Case&);
template void sparse_cross_entropies<double>(Case&);
template void categorical_cross_entropies<float>(Case&);
template void categorical_cross_entropies<double>(Case&);
template void squared_errors<float>(Case&);
template void squared_errors<double>(Case&);

}  // namespace fastdnn::native
