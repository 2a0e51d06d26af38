# Adjusted difference with CR2 errors and Satterthwaite degrees of freedom (clubSandwich). Data: {data}
library(clubSandwich)
d <- read.csv("{data}", check.names = FALSE)
d <- d[d[["{arm}"]] %in% c("{coached}", "{comparison}"), ]
d$coached <- as.numeric(d[["{arm}"]] == "{coached}")
d$pre <- d[["{pre}"]]
d$post <- d[["{post}"]]
d$cluster <- d[["{cluster}"]]
d <- d[complete.cases(d[, c("post", "coached", "pre", "cluster")]), ]
m <- lm(post ~ coached + pre, data = d)
print(coef_test(m, vcov = "CR2", cluster = d$cluster, test = "Satterthwaite"), digits = 12)
