#pragma once

#include <oneapi/dnnl/dnnl.h>

// Debian builds oneDNN with OpenMP. A caller must keep it from spawning teams: Lehr computes with
// one thread a caller. Declared here because libgomp's header lives in gcc's private folder.
void omp_set_num_threads(int count);
