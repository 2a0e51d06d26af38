# The same studies in metafor.
library(metafor)
yi <- c({effects})
vi <- c({variances})
m <- rma(yi, vi, method = "{between}", test = "{errors}")
print(m, digits = 10)
print(predict(m), digits = 10)
print(confint(m), digits = 8)
