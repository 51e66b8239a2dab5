"""Six incidents: which category is made for it (workflow, data, model, tracking, nobody), and why (a, b or c)?"""

ANSWERS = {}

# A. Another team needed NumPy 2.4 on the shared machine, and installed it. Our drift test needs NumPy below 2.2; since
#    then validation stops with an import error.
#    a  It notices that the data has changed.
#    b  It tries again until the import works.
#    c  Each step brings its own libraries along, so nobody else's upgrade reaches it.
ANSWERS["A"] = ("", "")  # TODO: for example ("model", "b")

# B. One region's switch counted calls in seconds: 15 % of the rows in December's export were impossible. The operator
#    has sent it again, corrected. Nobody knows what the first one had reached, so all twelve months are run again.
#    a  A contract that we wrote raises, what comes after does not start; corrected, that month alone runs again.
#    b  The tool looks at the data, and knows what minutes should be.
#    c  The task is tried again until the data is right.
ANSWERS["B"] = ("", "")

# C. The mean and spread for scaling came from the whole table. Then the model was cross-validated, and promised more
#    than it kept.
#    a  It points out columns that know the outcome.
#    b  What is fitted is fitted anew in each fold, from that fold's training rows.
#    c  It compares the score with that of last month's run.
ANSWERS["C"] = ("", "")

# D. On Friday somebody put a model live that calls everybody. On Monday the old one should come back, but its file has
#    been overwritten, and nobody remembers its parameters.
#    a  It refuses bad models by itself.
#    b  It runs last month's training again.
#    c  Each version is kept with its parameters and scores, and a name that says "live" is moved back.
ANSWERS["D"] = ("", "")

# E. A colleague adds a column to our features: calls from the retention desk. The desk calls those who have given
#    notice. ROC-AUC in the test: 0.99. Next month it is useless.
#    a  Every tool carries the column along, faithfully; when a value is known is for a person to ask, and to check.
#    b  Columns do not leak, only rows do.
#    c  It happens only where people work without tools.
ANSWERS["E"] = ("", "")

# F. One in a hundred of November's usage rows arrives with December's export. November's features were made without
#    them, and stay so.
#    a  It waits until all rows are there before it makes any features.
#    b  Late rows name the month that they change, and a run for just that month starts.
#    c  The export is refused, because rows of another month are in it.
ANSWERS["F"] = ("", "")
