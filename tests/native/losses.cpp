#include "kernels/cross_entropy.h"
#include "kernels/elementwise_loss.h"
#include "kernels/probability_cross_entropy.h"
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

// Of numbers 0.1 to 0.9: each step rounds a few times, the sums over a row n / 8 + 8 times. q is clipped where
// there is one column.
template <class T>
void probability_cross_entropies(Case& c) {
  constexpr double kMost = 1 - 1e-7;
  const auto y = c.reals<T>(c.rows, c.cols, 3);
  for (Index i = 0; i < c.rows; ++i) {
    for (Index j = 0; j < c.cols; ++j) y(i, j) = T{0.5} + y(i, j) / 5;
  }
  const auto target = c.integers<T>(c.rows, c.cols, 0, 1);
  const auto weights = c.integers<T>(1, c.rows);
  const Array<std::int32_t> labels(1, c.rows, c.edge);
  for (Index i = 0; i < c.rows; ++i) {
    labels[i] = static_cast<std::int32_t>(c.random.integer(0, c.cols - 1));
    for (Index j = 0; j < c.cols; ++j) target(i, j) = std::abs(target(i, j));
  }
  for (const bool sparse : {false, true}) {
    const auto loss = c.blank<T>(1, c.rows);
    const auto dy = c.blank<T>(c.rows, c.cols, 3);
    c.run([&](Team& team) {
      constexpr T scale = static_cast<T>(kScale);
      if (sparse) {
        sparse_probability_cross_entropy<T>(team, loss.data(), dy, y, labels.data(), weights.data(), scale);
      } else {
        categorical_probability_cross_entropy<T>(team, loss.data(), dy, y, target, weights.data(), scale);
      }
    });
    const auto t = [&](Index i, Index j) {
      return sparse ? (labels[i] == j ? 1.0 : 0.0) : static_cast<double>(target(i, j));
    };
    const auto over_row = [&](const auto& term) {
      double sum = 0;
      for (Index j = 0; j < c.cols; ++j) sum += term(j);
      return sum;
    };
    const auto total = [&](Index i) {
      return over_row([&](Index j) { return static_cast<double>(y(i, j)); });
    };
    const auto q = [&](Index i, Index j) { return std::min(static_cast<double>(y(i, j)) / total(i), kMost); };
    const double of_row = (static_cast<double>(c.cols) / 4 + 32) * roundoff<T>();
    const std::string how = sparse ? ", sparse" : ", categorical";
    c.check(
        "loss" + how, loss,
        [&](Index, Index i) { return over_row([&](Index j) { return -t(i, j) * std::log(q(i, j)); }); },
        [&](Index, Index i) {
          return of_row * over_row([&](Index j) { return t(i, j) * (1 - std::log(q(i, j))); });
        });
    const auto active = [&](Index i, Index j) { return q(i, j) < kMost ? t(i, j) : 0.0; };
    const auto mass = [&](Index i) { return over_row([&](Index j) { return active(i, j); }) / total(i); };
    const auto factor = [&](Index i) { return kScale * static_cast<double>(weights[i]); };
    const auto own = [&](Index i, Index j) { return active(i, j) / static_cast<double>(y(i, j)); };
    c.check(
        "dy" + how, dy, [&](Index i, Index j) { return factor(i) * (mass(i) - own(i, j)); },
        [&](Index i, Index j) { return of_row * std::abs(factor(i)) * (mass(i) + own(i, j)); });
  }
}

namespace {

struct Elementwise {
  const char* name;
  ElementwiseLoss kind;
  double (*value)(double y, double t);
  double (*slope)(double y, double t);
};

double sign(double x) {
  return x > 0 ? 1 : x < 0 ? -1 : 0;
}
double margin(double y, double t) {
  return std::max(1 - (t == 0 ? -1 : t) * y, 0.0);
}

// Of y in 0.1 .. 0.9 and t 0 or 1; huber with delta = 0.25, the others without a parameter.
constexpr double kDelta = 0.25;
const Elementwise kElementwise[] = {
    {"squared_error", ElementwiseLoss::squared_error, [](double y, double t) { return (y - t) * (y - t); },
     [](double y, double t) { return 2 * (y - t); }},
    {"absolute_error", ElementwiseLoss::absolute_error, [](double y, double t) { return std::abs(y - t); },
     [](double y, double t) { return sign(y - t); }},
    {"huber", ElementwiseLoss::huber,
     [](double y, double t) {
       const double d = std::abs(y - t);
       return d <= kDelta ? d * d / 2 : kDelta * (d - kDelta / 2);
     },
     [](double y, double t) { return std::clamp(y - t, -kDelta, kDelta); }},
    {"log_cosh", ElementwiseLoss::log_cosh, [](double y, double t) { return std::log(std::cosh(y - t)); },
     [](double y, double t) { return std::tanh(y - t); }},
    {"binary_cross_entropy", ElementwiseLoss::binary_cross_entropy,
     [](double y, double t) { return std::log1p(std::exp(y)) - t * y; },
     [](double y, double t) { return 1 / (1 + std::exp(-y)) - t; }},
    {"binary_probability_cross_entropy", ElementwiseLoss::binary_probability_cross_entropy,
     [](double y, double t) { return -std::log(t == 1 ? y : 1 - y); },
     [](double y, double t) { return (y - t) / (y * (1 - y)); }},
    {"kl_divergence", ElementwiseLoss::kl_divergence,
     [](double y, double t) { return std::max(t, 1e-7) * std::log(std::max(t, 1e-7) / y); },
     [](double y, double t) { return -std::max(t, 1e-7) / y; }},
    {"hinge", ElementwiseLoss::hinge, margin,
     [](double y, double t) { return margin(y, t) == 0 ? 0
                                     : t == 0          ? 1.0
                                                       : -1.0; }},
    {"squared_hinge", ElementwiseLoss::squared_hinge,
     [](double y, double t) { return margin(y, t) * margin(y, t); },
     [](double y, double t) { return margin(y, t) * (t == 0 ? 2 : -2); }},
};
static_assert(sizeof kElementwise / sizeof *kElementwise == kElementwiseLosses);

}  // namespace

// Fewer than 32 roundings of numbers below 1 + |f|, or 1 + |f'|.
template <class T>
void elementwise_losses(Case& c) {
  constexpr double u = roundoff<T>();
  const auto y = c.reals<T>(c.rows, c.cols, 3);
  const auto target = c.integers<T>(c.rows, c.cols, 0, 1);
  const auto weights = c.integers<T>(1, c.rows);
  for (Index i = 0; i < c.rows; ++i) {
    for (Index j = 0; j < c.cols; ++j) {
      y(i, j) = T{0.5} + y(i, j) / 5;
      target(i, j) = std::abs(target(i, j));
    }
  }
  const auto cols = static_cast<double>(c.cols);
  const auto f = [&](const Array<T>& array, Index i, Index j) { return static_cast<double>(array(i, j)); };
  for (const Elementwise& each : kElementwise) {
    const auto loss = c.blank<T>(1, c.rows);
    const auto dy = c.copy(y);
    const T parameter = static_cast<T>(each.kind == ElementwiseLoss::huber ? kDelta : 0);
    c.run([&](Team& team) {  // the gradient in place
      elementwise_loss<T>(team, each.kind, loss.data(), dy, dy, target, weights.data(),
                          static_cast<T>(kScale), static_cast<T>(c.cols), parameter);
    });
    const auto over_row = [&](Index i, double plus) {
      double sum = 0;
      for (Index j = 0; j < c.cols; ++j) sum += plus + each.value(f(y, i, j), f(target, i, j));
      return sum / cols;
    };
    c.check(
        std::string(each.name) + ", loss", loss, [&](Index, Index i) { return over_row(i, 0); },
        [&](Index, Index i) { return (cols / 8 + 40) * u * over_row(i, 1); });
    const auto slope = [&](Index i, Index j) { return each.slope(f(y, i, j), f(target, i, j)); };
    const auto factor = [&](Index i) { return kScale * static_cast<double>(weights[i]) / cols; };
    c.check(
        std::string(each.name) + ", dy", dy, [&](Index i, Index j) { return factor(i) * slope(i, j); },
        [&](Index i, Index j) { return 32 * u * std::abs(factor(i)) * (1 + std::abs(slope(i, j))); });
  }
}

// Squared errors: on whole numbers and a power of two of columns all is exact; else the mean is off by its roundings.
template <class T>
void squared_errors(Case& c) {
  const auto y = c.integers<T>(c.rows, c.cols, 3);
  const auto target = c.integers<T>(c.rows, c.cols);
  const auto weights = c.integers<T>(1, c.rows);
  const auto loss = c.blank<T>(1, c.rows);
  const auto dy = c.copy(y);
  c.run([&](Team& team) {  // the gradient in place
    elementwise_loss<T>(team, ElementwiseLoss::squared_error, loss.data(), dy, dy, target, weights.data(),
                        static_cast<T>(kScale), static_cast<T>(c.cols));
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
template void probability_cross_entropies<float>(Case&);
template void probability_cross_entropies<double>(Case&);
template void elementwise_losses<float>(Case&);
template void elementwise_losses<double>(Case&);
template void squared_errors<float>(Case&);
template void squared_errors<double>(Case&);

}  // namespace fastdnn::native
