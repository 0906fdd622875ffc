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
                    {0.25, 0.5, nesterov});
      const auto v = [&](Index, Index j) { return has_velocity ? velocity[j] / 2 + g[j] : velocity[j]; };
      const std::string how = std::string(nesterov ? ", nesterov" : "") + (has_velocity ? "" : ", plain");
      c.check("velocity" + how, new_velocity, v);
      c.check("theta" + how, new_theta, [&](Index, Index j) {
        const T direction = !has_velocity ? g[j] : nesterov ? g[j] + v(0, j) / 2 : v(0, j);
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
  const auto denominator = [&](Index j) { return std::sqrt(v_want(0, j)) + step.epsilon; };
  const auto change = [&](Index j) { return step.alpha * m_want(0, j) / denominator(j); };
  c.check(
      "theta", new_theta, [&](Index, Index j) { return of(theta, j) - change(j); },
      [&](Index, Index j) {
        return 3 * u * step.alpha * m_size(j) / denominator(j) + 7 * u * std::abs(change(j)) +
               u * (std::abs(of(theta, j)) + std::abs(change(j)));
      });
}

template void sgd<float>(Case&);
template void sgd<double>(Case&);
template void adam<float>(Case&);
template void adam<double>(Case&);

}  // namespace fastdnn::native
