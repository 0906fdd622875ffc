#include "kernels/activation.h"
#include "kernels/maxout.h"
#include "kernels/prelu.h"
#include "tests.h"

namespace fastdnn::native {
namespace {

constexpr double kAlpha = 0.25;
constexpr double kSeluScale = 1.0507009873554804934, kSeluAlpha = 1.6732632423543772848;

double logistic(double x) {
  return 1 / (1 + std::exp(-x));
}
double normal(double x) {
  return std::erfc(-x * std::sqrt(0.5)) / 2;
}
double density(double x) {
  return std::exp(-x * x / 2) / std::sqrt(2 * std::acos(-1.0));
}
// gelu_tanh is x logistic(bent(x)).
double bent(double x) {
  return 2 * std::sqrt(2 / std::acos(-1.0)) * (x + 0.044715 * x * x * x);
}

struct Curve {
  const char* name;
  Activation kind;
  double (*value)(double x);
  double (*slope)(double saved);  // told from x or from y
};

const Curve kCurves[] = {
    {"relu", Activation::relu, [](double x) { return std::max(x, 0.0); },
     [](double y) { return y > 0 ? 1.0 : 0.0; }},
    {"leaky_relu", Activation::leaky_relu, [](double x) { return x < 0 ? kAlpha * x : x; },
     [](double y) { return y > 0 ? 1.0 : kAlpha; }},
    {"elu", Activation::elu, [](double x) { return x < 0 ? kAlpha * std::expm1(x) : x; },
     [](double y) { return y > 0 ? 1.0 : y + kAlpha; }},
    {"selu", Activation::selu, [](double x) { return kSeluScale * (x < 0 ? kSeluAlpha * std::expm1(x) : x); },
     [](double y) { return y > 0 ? kSeluScale : y + kSeluScale * kSeluAlpha; }},
    {"sigmoid", Activation::sigmoid, logistic, [](double y) { return y * (1 - y); }},
    {"tanh", Activation::tanh, [](double x) { return std::tanh(x); }, [](double y) { return 1 - y * y; }},
    {"softplus", Activation::softplus, [](double x) { return std::log1p(std::exp(x)); },
     [](double y) { return -std::expm1(-y); }},
    {"silu", Activation::silu, [](double x) { return x * logistic(x); },
     [](double x) { return logistic(x) * (1 + x * logistic(-x)); }},
    {"gelu", Activation::gelu, [](double x) { return x * normal(x); },
     [](double x) { return normal(x) + x * density(x); }},
    {"gelu_tanh", Activation::gelu_tanh, [](double x) { return x * logistic(bent(x)); },
     [](double x) {
       const double s = logistic(bent(x));
       return s + s * (1 - s) * (bent(x) + 2 * std::sqrt(2 / std::acos(-1.0)) * 2 * 0.044715 * x * x * x);
     }},
};
static_assert(sizeof kCurves / sizeof *kCurves == kActivations);

}  // namespace

// The contract allows 4 ulp, 8 roundoffs, of f and as much of x f', which is below 2 |x|. Terms of a gradient are
// below 1 + |x|, each with fewer than 32 roundings.
template <class T>
void activations(Case& c) {
  constexpr double u = roundoff<T>();
  const auto x = c.reals<T>(c.rows, c.cols, 3);
  const auto dy = c.reals<T>(c.rows, c.cols);
  for (const Curve& curve : kCurves) {
    const auto of = [](const Array<T>& array, Index i, Index j) { return static_cast<double>(array(i, j)); };
    const auto y = c.copy(x);
    const auto dx = c.copy(dy);
    c.run([&](Team& team) {
      activation_forward<T>(team, y, y, curve.kind, static_cast<T>(kAlpha));  // in place
      activation_backward<T>(team, dx, x, dy, curve.kind, static_cast<T>(kAlpha), true);
    });
    const auto value = [&](Index i, Index j) { return curve.value(of(x, i, j)); };
    c.check(curve.name, y, value,
            [&](Index i, Index j) { return 8 * u * (std::abs(value(i, j)) + 2 * std::abs(of(x, i, j))); });
    c.check(
        std::string(curve.name) + "_backward", dx,
        [&](Index i, Index j) { return of(dy, i, j) * (1 + curve.slope(of(x, i, j))); },
        [&](Index i, Index j) { return 32 * u * std::abs(of(dy, i, j)) * (2 + std::abs(of(x, i, j))); });
  }
}

template <class T>
void prelus(Case& c) {
  const auto x = c.integers<T>(c.rows, c.cols, 3);
  const auto dy = c.integers<T>(c.rows, c.cols);
  const auto alpha = c.integers<T>(1, c.cols);
  const auto y = c.blank<T>(c.rows, c.cols, 3);
  const auto dx = c.copy(dy);
  const auto dalpha = c.blank<T>(1, c.cols);
  c.run([&](Team& team) {
    prelu_forward<T>(team, y, x, alpha.data());
    prelu_backward<T>(team, dx, x, dy, alpha.data(), true);
    prelu_dalpha<T>(team, dalpha.data(), x, dy, false);
  });
  c.check("y", y, [&](Index i, Index j) { return x(i, j) * (x(i, j) < 0 ? alpha[j] : T{1}); });
  c.check("dx", dx, [&](Index i, Index j) { return dy(i, j) * (x(i, j) <= 0 ? alpha[j] + 1 : T{2}); });
  c.check("dalpha", dalpha, [&](Index, Index j) {
    T sum = 0;
    for (Index i = 0; i < c.rows; ++i) sum += x(i, j) <= 0 ? x(i, j) * dy(i, j) : T{0};
    return sum;
  });
}

// Of three pieces, with equal values, of which the first counts; and of a row.
template <class T>
void maxima(Case& c) {
  const Index n = c.cols;
  const auto x = c.integers<T>(c.rows, 3 * n, 3, 2);
  const auto dy = c.integers<T>(c.rows, n);
  const auto y = c.blank<T>(c.rows, n, 3);
  const auto dx = c.blank<T>(c.rows, 3 * n);
  const auto hard = c.blank<T>(c.rows, 3 * n);
  c.run([&](Team& team) {
    maxout_forward<T>(team, y, x);
    maxout_backward<T>(team, dx, x, dy, false);
    hardmax<T>(team, hard, x);
  });
  const auto first = [&](Index i, Index begin, Index step) {
    Index best = begin;
    for (Index j = begin; j < 3 * n; j += step) best = x(i, j) > x(i, best) ? j : best;
    return best;
  };
  c.check("y", y, [&](Index i, Index j) { return x(i, first(i, j, n)); });
  c.check("dx", dx, [&](Index i, Index j) { return first(i, j % n, n) == j ? dy(i, j % n) : T{0}; });
  c.check("hardmax", hard, [&](Index i, Index j) { return first(i, 0, 1) == j ? T{1} : T{0}; });
}

template void activations<float>(Case&);
template void activations<double>(Case&);
template void prelus<float>(Case&);
template void prelus<double>(Case&);
template void maxima<float>(Case&);
template void maxima<double>(Case&);

}  // namespace fastdnn::native
