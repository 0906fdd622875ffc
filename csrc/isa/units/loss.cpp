#include "isa/units/unit.h"
#include "kernels/accuracy-inl.h"
#include "kernels/cross_entropy-inl.h"
#include "kernels/elementwise_loss-inl.h"
#include "kernels/probability_cross_entropy-inl.h"

namespace fastdnn {
namespace {

template <class V, template <class> class Loss>
void enter(LossKernels<typename V::Scalar>& k, ElementwiseLoss loss) {
  k.elementwise_loss[static_cast<int>(loss)] = elementwise_loss<V, Loss>;
}

template <class V>
void enter(LossKernels<typename V::Scalar>& k) {
  k.sparse_cross_entropy = sparse_cross_entropy<V>;
  k.categorical_cross_entropy = categorical_cross_entropy<V>;
  k.sparse_probability_cross_entropy = sparse_probability_cross_entropy<V>;
  k.categorical_probability_cross_entropy = categorical_probability_cross_entropy<V>;
  k.sparse_accuracy = sparse_accuracy<V>;
  k.categorical_accuracy = categorical_accuracy<V>;
  k.sparse_top_k_accuracy = sparse_top_k_accuracy<V>;
  k.categorical_top_k_accuracy = categorical_top_k_accuracy<V>;
  k.binary_accuracy = binary_accuracy<V>;
  enter<V, SquaredError>(k, ElementwiseLoss::squared_error);
  enter<V, AbsoluteError>(k, ElementwiseLoss::absolute_error);
  enter<V, Huber>(k, ElementwiseLoss::huber);
  enter<V, LogCosh>(k, ElementwiseLoss::log_cosh);
  enter<V, BinaryCrossEntropy>(k, ElementwiseLoss::binary_cross_entropy);
  enter<V, BinaryProbabilityCrossEntropy>(k, ElementwiseLoss::binary_probability_cross_entropy);
  enter<V, KlDivergence>(k, ElementwiseLoss::kl_divergence);
  enter<V, Hinge>(k, ElementwiseLoss::hinge);
  enter<V, SquaredHinge>(k, ElementwiseLoss::squared_hinge);
}

}  // namespace

void FASTDNN_UNIT::fill_loss(KernelTable& table) {
  enter<Unit<float>>(table.f32);
  enter<Unit<double>>(table.f64);
}

}  // namespace fastdnn
