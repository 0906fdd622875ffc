#include "kernels/penalty.h"

#include "isa/table.h"

namespace fastdnn {
namespace {

// The powers that need no logarithm go into the terms that have them.
Penalty simplified(Penalty terms) {
  if (terms.q == 1) terms.l1 += terms.lq;
  if (terms.q == 2) terms.l2 += terms.lq;
  if (terms.q == 1 || terms.q == 2) terms.lq = 0;
  return terms;
}

}  // namespace

template <class T>
double penalty(Team& team, double* partials, T* gradient, const T* w, Index n, const Penalty& terms) {
  const Penalty simple = simplified(terms);
  if (simple.l1 == 0 && simple.l2 == 0 && simple.lq == 0) return 0;  // not 0 times infinity
  const auto kernel = simple.lq == 0 ? kernels<T>().penalty : kernels<T>().power_penalty;
  fill_partials(team, partials, n, [&](Index begin, Index size) {
    return kernel(gradient == nullptr ? nullptr : gradient + begin, w + begin, size, simple);
  });
  return tree_sum(partials, partial_sums(n));
}

template double penalty(Team&, double*, float*, const float*, Index, const Penalty&);
template double penalty(Team&, double*, double*, const double*, Index, const Penalty&);

}  // namespace fastdnn
