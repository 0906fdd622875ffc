// On whole numbers of -2..2, so that sums are exact; what rounds is the means and what is made of them.
#include "kernels/batch_norm.h"
#include "kernels/layer_norm.h"
#include "tests.h"

namespace fastdnn::native {
namespace {

constexpr double kEpsilon = 1;
constexpr double kRstd = 0.5;  // of the gradients, whose x^ is then exact

// The figures of n numbers, and what a kernel may be off by after n / 8 + 32 roundings of differences to the
// first one, which are below 4, or of their squares.
struct Moments {
  double mean = 0, variance = 0, rstd, of_mean, of_variance, of_rstd;

  template <class Value>
  Moments(Index n, double u, const Value& value) {
    for (Index k = 0; k < n; ++k) mean += value(k);
    mean /= static_cast<double>(n);
    for (Index k = 0; k < n; ++k) variance += std::pow(value(k) - mean, 2) / static_cast<double>(n);
    rstd = 1 / std::sqrt(variance + kEpsilon);
    const double roundings = (static_cast<double>(n) / 8 + 32) * u;
    of_mean = 4 * roundings;
    of_variance = 2 * 16 * roundings;
    of_rstd = rstd * (of_variance / (2 * (variance + kEpsilon)) + 3 * u);
  }
  double value(double x, double gamma, double beta) const { return gamma * (x - mean) * rstd + beta; }
  double of_value(double x, double gamma, double beta, double u) const {
    const double centred = std::abs(x - mean) + of_mean;
    return std::abs(gamma) * (of_mean * rstd + centred * (of_rstd + 3 * u * rstd)) +
           2 * u * (std::abs(gamma) * centred * rstd + std::abs(beta));
  }
};

// dx = rstd (h - mean h - x^ mean(h x^)), whose two means are of n exact terms, and what it may be off by.
struct Gradient {
  double h_mean = 0, hx_mean = 0;

  template <class H, class X>
  Gradient(Index n, const H& h, const X& x) {
    for (Index k = 0; k < n; ++k) {
      h_mean += h(k);
      hx_mean += h(k) * x(k);
    }
    h_mean /= static_cast<double>(n);
    hx_mean /= static_cast<double>(n);
  }
  double value(double h, double x) const { return kRstd * (h - h_mean - x * hx_mean); }
  double of_value(double h, double x, double u) const {
    return 8 * u * kRstd * (std::abs(h) + std::abs(h_mean) + std::abs(x * hx_mean));
  }
};

template <class T>
void fill(const Array<T>& x, double value) {
  for (Index j = 0; j < x.cols(); ++j) x[j] = static_cast<T>(value);
}

}  // namespace

template <class T>
void layer_norms(Case& c) {
  constexpr double u = roundoff<T>();
  const auto x = c.integers<T>(c.rows, c.cols, 3, 2);
  const auto gamma = c.integers<T>(1, c.cols);
  const auto beta = c.integers<T>(1, c.cols);
  const auto y = c.blank<T>(c.rows, c.cols);
  const auto mean = c.blank<T>(1, c.rows);
  const auto rstd = c.blank<T>(1, c.rows);
  const auto dy = c.integers<T>(c.rows, c.cols);
  const auto kept_mean = c.integers<T>(1, c.rows, 0, 2);
  const auto kept_rstd = c.blank<T>(1, c.rows);
  fill(kept_rstd, kRstd);
  const auto dx = c.blank<T>(c.rows, c.cols, 3);
  const auto dgamma = c.blank<T>(1, c.cols);
  const auto dbeta = c.copy(beta);
  c.run([&](Team& team) {
    layer_norm_forward<T>(team, y, mean.data(), rstd.data(), x, gamma.data(), beta.data(), T{kEpsilon});
    layer_norm_backward<T>(
        team, LayerNormGradient<T>{dx, dy, x, kept_mean.data(), kept_rstd.data(), gamma.data(), false});
    layer_norm_backward_sums<T>(team, dgamma.data(), nullptr, dy, x, kept_mean.data(), kept_rstd.data(),
                                false);
    layer_norm_backward_sums<T>(team, nullptr, dbeta.data(), dy, x, kept_mean.data(), kept_rstd.data(), true);
  });
  const auto of = [](T value) { return static_cast<double>(value); };
  const auto moments = [&](Index i) { return Moments(c.cols, u, [&](Index j) { return of(x(i, j)); }); };
  const auto normalized = [&](Index i, Index j) { return (of(x(i, j)) - of(kept_mean[i])) * kRstd; };
  const auto h = [&](Index i, Index j) { return of(gamma[j]) * of(dy(i, j)); };
  for (Index i = 0; i < c.rows; ++i) {  // row by row, since the figures are a row's
    const Moments m = moments(i);
    const Gradient g(c.cols, [&](Index j) { return h(i, j); }, [&](Index j) { return normalized(i, j); });
    for (Index j = 0; j < c.cols; ++j) {
      expect(std::abs(of(y(i, j)) - m.value(of(x(i, j)), of(gamma[j]), of(beta[j]))) <=
                 m.of_value(of(x(i, j)), of(gamma[j]), of(beta[j]), u),
             "y[", i, "][", j, "]: got ", y(i, j));
      expect(std::abs(of(dx(i, j)) - g.value(h(i, j), normalized(i, j))) <=
                 g.of_value(h(i, j), normalized(i, j), u),
             "dx[", i, "][", j, "]: got ", dx(i, j));
    }
  }
  c.same_bits("y", y);
  c.same_bits("dx", dx);
  c.check(
      "mean", mean, [&](Index, Index i) { return moments(i).mean; },
      [&](Index, Index i) { return moments(i).of_mean; });
  c.check(
      "rstd", rstd, [&](Index, Index i) { return moments(i).rstd; },
      [&](Index, Index i) { return moments(i).of_rstd; });
  const auto sum = [&](const auto& term) {
    double total = 0;
    for (Index i = 0; i < c.rows; ++i) total += term(i);
    return total;
  };
  c.check("dgamma", dgamma,
          [&](Index, Index j) { return sum([&](Index i) { return of(dy(i, j)) * normalized(i, j); }); });
  c.check("dbeta", dbeta,
          [&](Index, Index j) { return of(beta[j]) + sum([&](Index i) { return of(dy(i, j)); }); });
}

template <class T>
void batch_norms(Case& c) {
  constexpr double u = roundoff<T>();
  const auto x = c.integers<T>(c.rows, c.cols, 3, 2);
  const auto vector = [&] { return c.blank<T>(1, c.cols); };
  const auto gamma = c.integers<T>(1, c.cols);
  const auto beta = c.integers<T>(1, c.cols);
  const auto y = c.blank<T>(c.rows, c.cols, 3);
  const auto mean = vector(), variance = vector(), rstd = vector(), scale = vector(), shift = vector();
  const auto running_mean = c.copy(beta), running_variance = vector();
  fill(running_variance, 2);
  const auto partial = c.blank<T>(batch_norm_partial_rows(c.rows), c.cols);
  c.run([&](Team& team) {
    batch_norm_partials<T>(team, partial, x);
    team.barrier();
    batch_norm_moments<T>(team, mean.data(), variance.data(), rstd.data(), partial, x, T{kEpsilon});
    team.barrier();
    batch_norm_forward<T>(team, y, x, mean.data(), rstd.data(), gamma.data(), beta.data(), false);
    batch_norm_running<T>(team, running_mean.data(), running_variance.data(), mean.data(), variance.data(),
                          c.cols, 0.75);
    batch_norm_fold<T>(team, scale.data(), shift.data(), gamma.data(), beta.data(), mean.data(),
                       variance.data(), c.cols, T{kEpsilon});
  });
  const auto of = [](T value) { return static_cast<double>(value); };
  std::vector<Moments> moments;
  for (Index j = 0; j < c.cols; ++j) moments.emplace_back(c.rows, u, [&](Index i) { return of(x(i, j)); });
  const auto m = [&](Index j) -> const Moments& { return moments[static_cast<std::size_t>(j)]; };
  c.check(
      "y", y, [&](Index i, Index j) { return m(j).value(of(x(i, j)), of(gamma[j]), of(beta[j])); },
      [&](Index i, Index j) { return m(j).of_value(of(x(i, j)), of(gamma[j]), of(beta[j]), u); });
  c.check(
      "mean", mean, [&](Index, Index j) { return m(j).mean; }, [&](Index, Index j) { return m(j).of_mean; });
  c.check(
      "variance", variance, [&](Index, Index j) { return m(j).variance; },
      [&](Index, Index j) { return m(j).of_variance; });
  c.check(
      "rstd", rstd, [&](Index, Index j) { return m(j).rstd; }, [&](Index, Index j) { return m(j).of_rstd; });
  c.check(
      "running_mean", running_mean, [&](Index, Index j) { return 0.75 * of(beta[j]) + 0.25 * of(mean[j]); },
      [&](Index, Index j) { return 4 * u * (std::abs(of(beta[j])) + std::abs(of(mean[j]))); });
  c.check(
      "running_variance", running_variance, [&](Index, Index j) { return 1.5 + 0.25 * of(variance[j]); },
      [&](Index, Index j) { return 4 * u * (2 + of(variance[j])); });
  const auto folded = [&](Index, Index j) { return of(gamma[j]) / std::sqrt(of(variance[j]) + kEpsilon); };
  c.check("scale", scale, folded, [&](Index, Index j) { return 4 * u * std::abs(folded(0, j)); });
  c.check(
      "shift", shift, [&](Index, Index j) { return of(beta[j]) - of(mean[j]) * of(scale[j]); },
      [&](Index, Index j) { return 2 * u * (std::abs(of(beta[j])) + std::abs(of(mean[j]) * of(scale[j]))); });
}

// With a fused relu, whose y cuts the gradient off.
template <class T>
void batch_norm_gradients(Case& c) {
  constexpr double u = roundoff<T>();
  const auto x = c.integers<T>(c.rows, c.cols, 3, 2);
  const auto y = c.integers<T>(c.rows, c.cols, 0, 1);
  const auto dy = c.integers<T>(c.rows, c.cols);
  const auto mean = c.integers<T>(1, c.cols, 0, 2);
  const auto gamma = c.integers<T>(1, c.cols);
  const auto rstd = c.blank<T>(1, c.cols);
  fill(rstd, kRstd);
  const auto dx = c.blank<T>(c.rows, c.cols, 3);
  const auto frozen = c.copy(dy);
  const auto inferred = c.blank<T>(c.rows, c.cols, 3);
  const auto dgamma = c.blank<T>(1, c.cols);
  const auto dbeta = c.blank<T>(1, c.cols);
  const auto partial = c.blank<T>(batch_norm_partial_rows(c.rows), c.cols);
  c.run([&](Team& team) {
    batch_norm_backward_partials<T>(team, partial, y, dy, x, mean.data());
    team.barrier();
    batch_norm_backward_sums<T>(team, dgamma.data(), dbeta.data(), partial, rstd.data());
    team.barrier();
    batch_norm_backward<T>(team, BatchNormGradient<T>{dx, y, dy, x, mean.data(), rstd.data(), gamma.data(),
                                                      dgamma.data(), dbeta.data(), false});
    batch_norm_inference<T>(team, inferred, x, gamma.data(), mean.data(), true);
    batch_norm_inference_backward<T>(team, frozen, y, dy, gamma.data(), true);
  });
  const auto of = [](T value) { return static_cast<double>(value); };
  const auto g = [&](Index i, Index j) { return y(i, j) <= 0 ? 0.0 : of(dy(i, j)); };
  const auto normalized = [&](Index i, Index j) { return (of(x(i, j)) - of(mean[j])) * kRstd; };
  std::vector<Gradient> gradients;
  for (Index j = 0; j < c.cols; ++j) {
    gradients.emplace_back(
        c.rows, [&](Index i) { return g(i, j); }, [&](Index i) { return normalized(i, j); });
  }
  const auto of_column = [&](Index j) -> const Gradient& { return gradients[static_cast<std::size_t>(j)]; };
  c.check(
      "dx", dx,
      [&](Index i, Index j) { return of(gamma[j]) * of_column(j).value(g(i, j), normalized(i, j)); },
      [&](Index i, Index j) {
        return std::abs(of(gamma[j])) * of_column(j).of_value(g(i, j), normalized(i, j), u);
      });
  const auto sum = [&](const auto& term) {
    double total = 0;
    for (Index i = 0; i < c.rows; ++i) total += term(i);
    return total;
  };
  c.check("dgamma", dgamma,
          [&](Index, Index j) { return sum([&](Index i) { return g(i, j) * normalized(i, j); }); });
  c.check("dbeta", dbeta, [&](Index, Index j) { return sum([&](Index i) { return g(i, j); }); });
  c.check("inference", inferred,
          [&](Index i, Index j) { return std::max(x(i, j) * gamma[j] + mean[j], T{0}); });
  c.check("of a frozen layer", frozen,
          [&](Index i, Index j) { return of(dy(i, j)) + g(i, j) * of(gamma[j]); });
}

template void layer_norms<float>(Case&);
template void layer_norms<double>(Case&);
template void batch_norms<float>(Case&);
template void batch_norms<double>(Case&);
template void batch_norm_gradients<float>(Case&);
template void batch_norm_gradients<double>(Case&);

}  // namespace fastdnn::native
