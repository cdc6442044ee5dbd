package sqlite

import "github.com/cyberbadge/cyberbadge/issuer/store"

// departing tells a judge of somebody who is not active how many left before.
func (j *judging) departing(s *store.Situation) error {
	if s.Person.Active || j.confirmed {
		return nil
	}
	err := j.QueryRow("SELECT count(*) FROM departures WHERE at > ? AND at <= ?",
		micros(j.at.Add(-store.MassWindow)), micros(j.at)).Scan(&s.Departed)
	if err != nil || s.Departed == 0 {
		return err
	}
	// Counting takes a while, so it is done once.
	if j.good == nil {
		n, err := inGoodStanding(j.tx)
		if err != nil {
			return err
		}
		n += j.done.lost - j.done.gained
		j.good = &n
	}
	s.Good = max(0, *j.good-j.done.lost+j.done.gained)
	return nil
}

// departs counts somebody who left and had something to lose. What an officer
// confirmed does not count: nobody else has to wait for it.
func (j *judging) departs(s store.Situation, v store.Judgement) error {
	if !v.Leave || j.confirmed || len(s.Badges) == 0 && !s.Record.Eligible {
		return nil
	}
	if _, err := j.Exec("DELETE FROM departures WHERE at <= ?", micros(j.at.Add(-store.MassWindow))); err != nil {
		return err
	}
	_, err := j.Exec("INSERT INTO departures (at) VALUES (?)", micros(j.at))
	return err
}
