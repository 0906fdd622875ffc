// The tests that main.cpp runs.
#pragma once

#include "native.h"

namespace fastdnn::native {

// gemm.cpp
template <class T>
void gemm_tiles(Case& c);
template <class T>
void gemm_blocks(Case& c);
template <class T>
void gemm_packed(Case& c);
// sums.cpp
template <class T>
void column_sums(Case& c);
// pointwise.cpp
template <class T>
void bias(Case& c);
template <class T>
void relu(Case& c);
template <class T>
void gradients(Case& c);
template <class T>
void normalization(Case& c);
// rows.cpp
template <class T>
void softmax(Case& c);
template <class T>
void log_softmaxes(Case& c);
template <class T>
void accuracies(Case& c);
template <class T>
void gathering(Case& c);
// losses.cpp
template <class T>
void sparse_cross_entropies(Case& c);
template <class T>
void categorical_cross_entropies(Case& c);
template <class T>
void probability_cross_entropies(Case& c);
template <class T>
void elementwise_losses(Case& c);
template <class T>
void squared_errors(Case& c);
// updates.cpp
template <class T>
void sgd(Case& c);
template <class T>
void adam(Case& c);
template <class T>
void lion(Case& c);
template <class T>
void adaptive(Case& c);
// activations.cpp
template <class T>
void activations(Case& c);
template <class T>
void prelus(Case& c);
template <class T>
void maxima(Case& c);
// normalizations.cpp
template <class T>
void layer_norms(Case& c);
template <class T>
void batch_norms(Case& c);
template <class T>
void batch_norm_gradients(Case& c);
// data.cpp
template <class T>
void gathering_features(Case& c);
template <class T>
void embeddings(Case& c);
template <class T>
void sparse_products(Case& c);
template <class T>
void dropouts(Case& c);
template <class T>
void noises(Case& c);
template <class T>
void norms(Case& c);
template <class T>
void power_penalties(Case& c);
template <class T>
void max_norms(Case& c);
// team.cpp
void teams();
// training.cpp
template <class T>
void training();

}  // namespace fastdnn::native
