# Adjusted difference with HC3 errors (sandwich), difference of changes, Hedges' g (effectsize). Data: {data}
library(sandwich)
library(lmtest)
library(effectsize)
d <- read.csv("{data}", check.names = FALSE)
d <- d[d[["{arm}"]] %in% c("{coached}", "{comparison}"), ]
d$coached <- as.numeric(d[["{arm}"]] == "{coached}")
d$pre <- d[["{pre}"]]
d$post <- d[["{post}"]]
m <- lm(post ~ coached + pre, data = d)
print(coeftest(m, vcov = vcovHC(m, type = "HC3")), digits = 12)
k <- lm(post - pre ~ coached, data = d)
print(coeftest(k, vcov = vcovHC(k, type = "HC3")), digits = 12)
print(hedges_g(post ~ factor(coached, levels = c(1, 0)), data = d), digits = 8)
