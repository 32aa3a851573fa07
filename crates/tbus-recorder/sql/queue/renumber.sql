UPDATE closed SET number = number + $1 WHERE number > $2
