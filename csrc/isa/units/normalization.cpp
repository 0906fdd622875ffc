#include "isa/units/unit.h"
#include "kernels/batch_norm-inl.h"
#include "kernels/layer_norm-inl.h"
#include "kernels/normalize-inl.h"

namespace fastdnn {
namespace {

template <class V>
void enter(NormalizationKernels<typename V::Scalar>& k) {
  k.normalize_forward = normalize_forward<V>;
  k.normalize_backward = normalize_backward<V>;
  k.batch_norm_partials = batch_norm_partials<V>;
  k.batch_norm_moments = batch_norm_moments<V>;
  k.batch_norm_running = batch_norm_running<V>;
  k.batch_norm_forward = batch_norm_forward<V>;
  k.batch_norm_fold = batch_norm_fold<V>;
  k.batch_norm_inference = batch_norm_inference<V>;
  k.batch_norm_inference_backward = batch_norm_inference_backward<V>;
  k.batch_norm_backward_partials = batch_norm_backward_partials<V>;
  k.batch_norm_backward_sums = batch_norm_backward_sums<V>;
  k.batch_norm_backward = batch_norm_backward<V>;
  k.layer_norm_forward = layer_norm_forward<V>;
  k.layer_norm_backward = layer_norm_backward<V>;
  k.layer_norm_backward_sums = layer_norm_backward_sums<V>;
}

}  // namespace

void FASTDNN_UNIT::fill_normalization(KernelTable& table) {
  enter<Unit<float>>(table.f32);
  enter<Unit<double>>(table.f64);
}

}  // namespace fastdnn
