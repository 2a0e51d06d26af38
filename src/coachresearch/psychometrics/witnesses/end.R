both <- merge(expected, got, by = c("term", "group"))
both$apart <- abs(both$estimate - both$value) / both$tolerance
write.csv(both, "found.csv", row.names = FALSE)
cat(sprintf("%d of %d numbers compared; worst difference over tolerance %.3g; %s\n", nrow(both), nrow(expected),
            max(both$apart), R.version.string))
quit(status = if (nrow(both) > 0 && all(both$apart <= 1)) 0 else 1)
