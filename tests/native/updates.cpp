#include "kernels/update.h"
#include "tests.h"

namespace fastdnn::native {

// Steps of powers of two: whole numbers stay exact, with and without fused multiply-add.
template <class T>
void sgd(Case& c) {
  const auto theta = c.integers<T>(1, c.cols);
  const auto velocity = c.integers<T>(1, c.cols);
  const auto g = c.integers<T>(1, c.cols);
  for (const bool nesterov : {false, true}) {
    for (const bool has_velocity : {false, true}) {
      const auto new_theta = c.copy(theta);
      const auto new_velocity = c.copy(velocity);
      sgd_update<T>(new_theta.data(), has_velocity ? new_velocity.data() : nullptr, g.data(), c.cols,
                    sgd_step(0.25, 0.5, nesterov));
      const auto v = [&](Index, Index j) { return has_velocity ? velocity[j] / 2 + g[j] : velocity[j]; };
      const std::string how = std::string(nesterov ? ", nesterov" : "") + (has_velocity ? "" : ", plain");
      c.check("velocity" + how, new_velocity, v);
      c.check("theta" + how, new_theta, [&](Index, Index j) {
        const T read = has_velocity ? v(0, j) : g[j];  // without a velocity: that of a first step
        const T direction = nesterov ? g[j] + read / 2 : read;
        return theta[j] - direction / 4;
      });
    }
  }
}

template <class T>
void adam(Case& c) {
  const AdamStep step = adam_step(1e-3, 0.9, 0.999, 1e-8, 3);
  const auto theta = c.reals<T>(1, c.cols);
  const auto m = c.reals<T>(1, c.cols);
  const auto v = c.reals<T>(1, c.cols);
  const auto g = c.reals<T>(1, c.cols);
  for (Index j = 0; j < c.cols; ++j) v[j] *= v[j];
  const auto new_theta = c.copy(theta);
  const auto new_m = c.copy(m);
  const auto new_v = c.copy(v);
  adam_update<T>(new_theta.data(), new_m.data(), new_v.data(), g.data(), c.cols, step);
  constexpr double u = 1.01 * roundoff<T>();
  const auto of = [](const Array<T>& x, Index j) { return static_cast<double>(x[j]); };
  // Each product has a rounded scalar and rounds; the sum rounds.
  const auto m_size = [&](Index j) {
    return step.beta_1 * std::abs(of(m, j)) + (1 - step.beta_1) * std::abs(of(g, j));
  };
  const auto m_want = [&](Index, Index j) { return step.beta_1 * of(m, j) + (1 - step.beta_1) * of(g, j); };
  c.check("m", new_m, m_want, [&](Index, Index j) { return 3 * u * m_size(j); });
  // Likewise, and g^2 rounds.
  const auto v_want = [&](Index, Index j) {
    return step.beta_2 * of(v, j) + (1 - step.beta_2) * of(g, j) * of(g, j);
  };
  c.check("v", new_v, v_want, [&](Index, Index j) { return 4 * u * v_want(0, j); });
  // Half of v's error, the root's and the sum's; then alpha, the product, the quotient and the difference.
  const auto denominator = [&](Index j) { return std::sqrt(v_want(0, j)) + step.epsilon_outside; };
  const auto change = [&](Index j) { return step.from_m * m_want(0, j) / denominator(j); };
  c.check(
      "theta", new_theta, [&](Index, Index j) { return of(theta, j) - change(j); },
      [&](Index, Index j) {
        return 3 * u * step.from_m * m_size(j) / denominator(j) + 7 * u * std::abs(change(j)) +
               u * (std::abs(of(theta, j)) + std::abs(change(j)));
      });
}

// Steps of powers of two: exact.
template <class T>
void lion(Case& c) {
  const auto theta = c.integers<T>(1, c.cols);
  const auto m = c.integers<T>(1, c.cols);
  const auto g = c.integers<T>(1, c.cols);
  const auto new_theta = c.copy(theta);
  const auto new_m = c.copy(m);
  lion_update<T>(new_theta.data(), new_m.data(), g.data(), c.cols, {0.25, 0.5, 0.75});
  c.check("theta", new_theta, [&](Index, Index j) {
    const T direction = m[j] + g[j];
    return theta[j] - static_cast<T>(direction > 0 ? 0.25 : direction < 0 ? -0.25 : 0);
  });
  c.check("m", new_m, [&](Index, Index j) { return m[j] * T{0.75} + g[j] * T{0.25}; });
}

// The rules that divide by roots, in double: states are off by fewer than 8 roundings of the sizes of their
// terms, steps by fewer than 32. Squares are 1 or more, averages below 1 / 4: no difference cancels.
template <class T>
void adaptive(Case& c) {
  constexpr double u = roundoff<T>();
  constexpr double kRate = 0.125, kRho = 0.9, kEpsilon = 1e-7, kBeta = 0.999;
  const auto theta = c.reals<T>(1, c.cols);
  const auto g = c.reals<T>(1, c.cols);
  const auto s = c.reals<T>(1, c.cols);
  const auto a = c.reals<T>(1, c.cols);
  for (Index j = 0; j < c.cols; ++j) {
    s[j] = 1 + s[j] * s[j];
    a[j] /= 8;
  }
  const auto of = [](const Array<T>& x, Index j) { return static_cast<double>(x[j]); };
  const auto state = [&](const std::string& name, const Array<T>& got, const auto& want) {
    c.check(name, got, [&](Index, Index j) { return want(j); }, [&](Index, Index) { return 8 * u * 10; });
  };
  // `size` is that of the step's terms.
  const auto stepped = [&](const std::string& name, const Array<T>& got, const auto& step, const auto& size) {
    c.check(
        name, got, [&](Index, Index j) { return of(theta, j) - step(j); },
        [&](Index, Index j) { return 32 * u * size(j) + 2 * u * std::abs(of(theta, j)); });
  };
  const auto of_square = [&](double rho, Index j) {
    return rho * of(s, j) + (1 - rho) * of(g, j) * of(g, j);
  };
  {
    const auto new_theta = c.copy(theta), new_s = c.copy(s);
    adagrad_update<T>(new_theta.data(), new_s.data(), g.data(), c.cols, adagrad_step(kRate, kEpsilon));
    const auto sum = [&](Index j) { return of(s, j) + of(g, j) * of(g, j); };
    const auto step = [&](Index j) { return kRate * of(g, j) / (std::sqrt(sum(j)) + kEpsilon); };
    state("adagrad's s", new_s, sum);
    stepped("adagrad", new_theta, step, [&](Index j) { return std::abs(step(j)); });
  }
  {
    const auto new_theta = c.copy(theta), new_s = c.copy(s), new_d = c.copy(s);
    adadelta_update<T>(new_theta.data(), new_s.data(), new_d.data(), g.data(), c.cols,
                       {kRate, kRho, kEpsilon});
    const auto delta = [&](Index j) {
      return std::sqrt((of(s, j) + kEpsilon) / (of_square(kRho, j) + kEpsilon)) * of(g, j);
    };
    state("adadelta's d", new_d, [&](Index j) { return kRho * of(s, j) + (1 - kRho) * delta(j) * delta(j); });
    stepped(
        "adadelta", new_theta, [&](Index j) { return kRate * delta(j); },
        [&](Index j) { return kRate * std::abs(delta(j)); });
  }
  {
    const auto new_theta = c.copy(theta), new_s = c.copy(s), new_a = c.copy(a), new_v = c.copy(a);
    rmsprop_update<T>(new_theta.data(), new_s.data(), new_a.data(), new_v.data(), g.data(), c.cols,
                      rmsprop_step(kRate, kRho, kEpsilon, EpsilonMode::outside, true, 0.5));
    const auto average = [&](Index j) { return kRho * of(a, j) + (1 - kRho) * of(g, j); };
    const auto push = [&](Index j) {
      return of(g, j) / (std::sqrt(of_square(kRho, j) - average(j) * average(j)) + kEpsilon);
    };
    const auto v = [&](Index j) { return of(a, j) / 2 + push(j); };
    state("rmsprop's s", new_s, [&](Index j) { return of_square(kRho, j); });
    state("rmsprop's average", new_a, average);
    stepped(
        "rmsprop", new_theta, [&](Index j) { return kRate * v(j); },
        [&](Index j) { return kRate * (std::abs(of(a, j)) + std::abs(push(j))); });
  }
  const auto root = [&](double squares) { return std::sqrt(squares / (1 - std::pow(kBeta, 3))) + kEpsilon; };
  const auto m = [&](Index j) { return kRho * of(a, j) + (1 - kRho) * of(g, j); };
  const auto size_of_m = [&](Index j) { return kRho * std::abs(of(a, j)) + (1 - kRho) * std::abs(of(g, j)); };
  {
    const auto new_theta = c.copy(theta), new_m = c.copy(a), new_v = c.copy(s), largest = c.copy(s);
    for (Index j = 0; j < c.cols; ++j) largest[j] = 2;
    amsgrad_update<T>(new_theta.data(), new_m.data(), new_v.data(), largest.data(), g.data(), c.cols,
                      adam_step(kRate, kRho, kBeta, kEpsilon, 3));
    const auto v_max = [&](Index j) { return std::max(2.0, of_square(kBeta, j)); };
    const auto rate = [&](Index j) { return kRate / (1 - std::pow(kRho, 3)) / root(v_max(j)); };
    state("amsgrad's v_max", largest, v_max);
    stepped(
        "amsgrad", new_theta, [&](Index j) { return rate(j) * m(j); },
        [&](Index j) { return rate(j) * size_of_m(j); });
  }
  {
    const auto new_theta = c.copy(theta), new_m = c.copy(a), new_v = c.copy(s);
    const double product = 0.25, mu = nadam_momentum(kRho, 0.004, 3),
                 mu_next = nadam_momentum(kRho, 0.004, 4);
    nadam_update<T>(new_theta.data(), new_m.data(), new_v.data(), g.data(), c.cols,
                    nadam_step(kRate, kRho, kBeta, kEpsilon, 3, 0.004, product));
    const double of_m = mu_next / (1 - product * mu_next), of_g = (1 - mu) / (1 - product);
    const auto rate = [&](Index j) { return kRate / root(of_square(kBeta, j)); };
    stepped(
        "nadam", new_theta, [&](Index j) { return rate(j) * (of_m * m(j) + of_g * of(g, j)); },
        [&](Index j) { return rate(j) * (of_m * size_of_m(j) + of_g * std::abs(of(g, j))); });
  }
}

template void lion<float>(Case&);
template void lion<double>(Case&);
template void adaptive<float>(Case&);
template void adaptive<double>(Case&);
template void sgd<float>(Case&);
template void sgd<double>(Case&);
template void adam<float>(Case&);
template void adam<double>(Case&);

}  // namespace fastdnn::native
