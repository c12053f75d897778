#include "CLehrKernels.h"
